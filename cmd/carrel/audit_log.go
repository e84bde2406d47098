package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"carrel/internal/app"
	"carrel/internal/audit"
	"carrel/internal/audit/sink"
)

// auditLogCmd reads the trail of who did what. It works beside a running control plane.
type auditLogCmd struct {
	Verify auditVerifyCmd `cmd:"" help:"Find records that were changed, removed, inserted or reordered."`
	Export auditExportCmd `cmd:"" help:"Write the records with their hashes as JSON lines."`
}

type auditVerifyCmd struct {
	settings
	Against string `help:"Also compare with this file that export wrote." type:"existingfile" placeholder:"FILE"`
	Head    string `help:"Also compare with a head that verify printed earlier." placeholder:"SEQ:HASH"`
}

func (c *auditVerifyCmd) Run(ctx context.Context) (err error) {
	place, hash, err := parseHead(c.Head)
	if err != nil {
		return err
	}
	trail, release, err := c.openTrail(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	step("Verifying the audit trail")
	report, err := trail.Verify(ctx)
	if err != nil {
		return err
	}
	if c.Head != "" {
		if err := trail.Noted(ctx, &report, place, hash); err != nil {
			return err
		}
	}
	if c.Against != "" {
		file, err := os.Open(c.Against)
		if err != nil {
			return err
		}
		err = trail.Exported(ctx, &report, file)
		if err := errors.Join(err, file.Close()); err != nil {
			return err
		}
	}
	return tellTrail(os.Stdout, report)
}

// tellTrail prints a report, and returns an error if something is wrong, so that the exit code shows it.
func tellTrail(w io.Writer, r audit.Report) error {
	var out strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintln(&out, f)
	}
	if r.More > 0 {
		fmt.Fprintf(&out, "and %d more\n", r.More)
	}
	if r.Unlinked > 0 {
		fmt.Fprintf(&out, "%d records are older than five minutes and not in the chain yet: is carrel serve running?\n", r.Unlinked)
	}
	if r.Last < r.First {
		fmt.Fprintln(&out, "The trail has no records.")
	} else {
		fmt.Fprintf(&out, "%d records were checked, %d to %d. Note the head, and give it to verify --head later: %d:%s\n", r.Records, r.First, r.Last, r.Last, r.Head)
	}
	if _, err := io.WriteString(w, out.String()); err != nil {
		return err
	}
	if n := len(r.Findings) + r.More; n > 0 {
		return fmt.Errorf("%w: %d faults; docs/audit.md says what they mean", app.ErrChain, n)
	}
	return nil
}

func parseHead(text string) (place int64, hash string, err error) {
	if text == "" {
		return 0, "", nil
	}
	seq, hash, _ := strings.Cut(text, ":")
	place, err = strconv.ParseInt(seq, 10, 64)
	if err != nil || place < 1 || hash == "" {
		return 0, "", fmt.Errorf("--head: %q is not SEQ:HASH as verify prints it", text)
	}
	return place, hash, nil
}

func (s settings) openTrail(ctx context.Context) (*audit.Service, func() error, error) {
	config, log, err := s.configAndLog()
	if err != nil {
		return nil, nil, err
	}
	return app.OpenAuditTrail(ctx, config, log)
}

type auditExportCmd struct {
	settings
	Since time.Time `help:"Only records of this time (RFC 3339) or later." placeholder:"TIME"`
	Until time.Time `help:"Only records before this time (RFC 3339)." placeholder:"TIME"`
	After int64     `help:"Only records after this place (seq)." placeholder:"SEQ"`
	Out   string    `help:"Append to this file, after the last record that it has; standard output by default." placeholder:"FILE"`
}

func (c *auditExportCmd) Run(ctx context.Context) (err error) {
	if !c.Since.IsZero() && !c.Until.IsZero() && !c.Since.Before(c.Until) {
		return errors.New("--until must be later than --since")
	}
	trail, release, err := c.openTrail(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	after, n := c.After, 0
	emit, closing := toWriter(os.Stdout)
	if c.Out != "" {
		file := &sink.File{Path: c.Out}
		had, err := file.After(ctx)
		if err != nil {
			return err
		}
		after = max(after, had)
		emit, closing = func(entries []audit.Entry) error { return file.Write(ctx, entries) }, file.Close
	}
	err = trail.Export(ctx, audit.Range{From: c.Since, Until: c.Until}, after, func(entries []audit.Entry) error {
		after, n = entries[len(entries)-1].Seq, n+len(entries)
		return emit(entries)
	})
	if err := errors.Join(err, closing()); err != nil {
		return fmt.Errorf("exporting: %w; to go on: --after %d", err, after)
	}
	fmt.Fprintf(os.Stderr, "%d records were written. To get those that come later: --after %d\n", n, after)
	return nil
}

func toWriter(w io.Writer) (emit func([]audit.Entry) error, closing func() error) {
	out := bufio.NewWriter(w)
	return func(entries []audit.Entry) error {
		for _, e := range entries {
			if _, err := out.Write(e.JSON()); err != nil {
				return err
			}
		}
		return nil
	}, out.Flush
}
