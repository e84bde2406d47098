package sink

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"carrel/internal/audit"
)

// Sink receives the chain in order. What it was sent and did not confirm, it is sent again.
type Sink interface {
	// After returns the place of the last entry that it has; 0: none.
	After(ctx context.Context) (int64, error)
	// Claim reports whether this process is the one that sends now.
	Claim(ctx context.Context) (bool, error)
	// Write sends entries. They are safe, as far as the sink can tell, when it returns nil.
	Write(ctx context.Context, entries []audit.Entry) error
	Close() error
}

// Shipper sends to a sink what is linked, within seconds. Create it with its fields set; call Start once.
type Shipper struct {
	Audit *audit.Service
	Sink  Sink
	Name  string // for the log
	Log   *slog.Logger
	Every time.Duration // 0 means two seconds

	cancel context.CancelFunc
	done   sync.WaitGroup
	failed time.Time // when an error was last logged
}

// complaint is the interval of log lines about a sink that does not work.
const complaint = time.Minute

// Start starts the background work. The end of ctx does not end it, Stop does.
func (s *Shipper) Start(ctx context.Context) {
	ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	s.done.Go(func() {
		tick := time.NewTicker(cmp.Or(s.Every, 2*time.Second))
		defer tick.Stop()
		for {
			s.round(ctx)
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	})
}

// Stop ends the background work, sends what there is until ctx ends, and closes the sink.
func (s *Shipper) Stop(ctx context.Context) {
	s.cancel()
	s.done.Wait()
	s.round(ctx)
	if err := s.Sink.Close(); err != nil {
		s.Log.WarnContext(ctx, "closing an output of audit records", "output", s.Name, "error", err)
	}
}

func (s *Shipper) round(ctx context.Context) {
	err := s.ship(ctx)
	if err == nil || ctx.Err() != nil || time.Since(s.failed) < complaint {
		return
	}
	s.failed = time.Now()
	s.Log.ErrorContext(ctx, "audit records could not be sent; they are sent again later", "output", s.Name, "error", err)
}

// errEnough ends an export whose beginning was wanted.
var errEnough = errors.New("enough")

// ship sends what the sink does not have.
func (s *Shipper) ship(ctx context.Context) error {
	after, err := s.Sink.After(ctx)
	if err != nil {
		return err
	}
	err = s.Audit.Export(ctx, audit.Range{}, after, func([]audit.Entry) error { return errEnough })
	if !errors.Is(err, errEnough) {
		return err
	}
	ours, err := s.Sink.Claim(ctx)
	if err != nil || !ours {
		return err
	}
	if after, err = s.Sink.After(ctx); err != nil { // another process may have sent some
		return err
	}
	return s.Audit.Export(ctx, audit.Range{}, after, func(entries []audit.Entry) error { return s.Sink.Write(ctx, entries) })
}
