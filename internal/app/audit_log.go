package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/prometheus/client_golang/prometheus"

	"carrel/internal/audit"
	"carrel/internal/audit/sink"
	"carrel/internal/job"
	"carrel/internal/secret"
	"carrel/internal/store"
)

// AuditLog says where audit records are sent, besides the database.
type AuditLog struct {
	File     string `yaml:"file"`      // of JSON lines; empty: none
	FileMiB  int    `yaml:"file_mib"`  // size at which it is renamed
	FileKeep int    `yaml:"file_keep"` // renamed files that are kept
	Syslog   string `yaml:"syslog"`    // udp://host:port, tcp://host:port or unix:///path; empty: none
}

// Limits of the file's keys.
const (
	maxAuditFileMiB  = 1 << 20
	maxAuditFileKeep = 10_000
)

func (l AuditLog) check() error {
	switch {
	case l.File != "" && !filepath.IsAbs(l.File):
		return fmt.Errorf("audit_log.file: %q must be an absolute path", l.File)
	case l.FileMiB < 1 || l.FileMiB > maxAuditFileMiB:
		return fmt.Errorf("audit_log.file_mib: %d must be 1 to %d", l.FileMiB, maxAuditFileMiB)
	case l.FileKeep < 1 || l.FileKeep > maxAuditFileKeep:
		return fmt.Errorf("audit_log.file_keep: %d must be 1 to %d", l.FileKeep, maxAuditFileKeep)
	}
	if l.Syslog != "" {
		if _, err := sink.ParseSyslog(l.Syslog); err != nil {
			return fmt.Errorf("audit_log.syslog: %w", err)
		}
	}
	return nil
}

// startTrail starts what links audit records, and what sends them elsewhere.
func (a *App) startTrail(ctx context.Context) error {
	missed := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "carrel_refused_sign_ins_counted_total", Help: "Refused sign-ins without an audit record of their own: there were too many.",
	})
	if err := a.registry.Register(missed); err != nil {
		return err
	}
	a.Services.Refusals.Missed = func(n int) { missed.Add(float64(n)) }
	missedCalls := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "carrel_refused_calls_counted_total", Help: "Refused requests without an audit record of their own: there were too many.",
	})
	if err := a.registry.Register(missedCalls); err != nil {
		return err
	}
	a.Services.RefusedCalls.Missed = func(n int) { missedCalls.Add(float64(n)) }
	sinks := map[string]sink.Sink{}
	if l := a.config.AuditLog; l.File != "" {
		sinks["file"] = &sink.File{Path: l.File, MaxBytes: int64(l.FileMiB) << 20, Keep: l.FileKeep}
	}
	if l := a.config.AuditLog; l.Syslog != "" {
		address, err := sink.ParseSyslog(l.Syslog)
		if err != nil {
			return err
		}
		sinks["syslog"] = &sink.Syslog{Address: address, Audit: a.Services.Audit, Owner: a.replica}
	}
	for name, to := range sinks {
		if _, err := to.After(ctx); err != nil {
			return fmt.Errorf("audit_log.%s: %w", name, err)
		}
		s := &sink.Shipper{Audit: a.Services.Audit, Sink: to, Name: name, Log: a.log}
		s.Start(ctx)
		a.onStop(s.Stop)
	}
	linker := &job.Linker{Audit: a.Services.Audit, Refusals: []*audit.Refusals{a.Services.Refusals, a.Services.RefusedCalls}, Owner: a.replica, KeepDays: a.config.Retention.AuditDays, Log: a.log}
	if err := linker.Start(ctx); err != nil {
		return err
	}
	a.onStop(linker.Stop) // before the outputs, which send what it links
	return nil
}

// OpenAuditTrail opens the audit records of an existing database, with the key of its installation, for commands that read. Call release
// when they are done. A control plane may be running.
func OpenAuditTrail(ctx context.Context, c Config, log *slog.Logger) (trail *audit.Service, release func() error, err error) {
	path := c.SecretKey
	if path == "" {
		path = filepath.Join(c.Data, secret.KeyFile)
	}
	box, err := secret.ReadBox(path)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: give --data, or secret_key in the configuration, as carrel serve has them", err)
	}
	s, err := openExisting(ctx, c, store.WithLog(log))
	if err != nil {
		return nil, nil, err
	}
	return &audit.Service{Store: s, Keys: box}, s.Close, nil
}

// ErrChain means that verifying found faults.
var ErrChain = errors.New("the audit trail is not as it was written")
