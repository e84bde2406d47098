package incus

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"carrel/internal/engine"
	"carrel/internal/guest"
)

// Configure stores the document for the next boot and has the guest of the running machine apply it.
func (e *Engine) Configure(ctx context.Context, id string, d guest.Desktop) (guest.Status, error) {
	doing := "configuring " + id
	document, err := json.Marshal(d)
	if err != nil {
		return guest.Status{}, fmt.Errorf("%s: writing the guest document: %w", doing, err)
	}
	s, err := e.connect(ctx)
	if err != nil {
		return guest.Status{}, err
	}
	if err := runs(ctx, s, id); err != nil {
		return guest.Status{}, fmt.Errorf("%s: %w", doing, err)
	}
	keep := map[string]any{"config": map[string]string{guest.ConfigKey: string(document)}}
	if err := e.patch(s, instanceName(id), keep, ""); err != nil {
		return guest.Status{}, translate(ctx, doing, err)
	}
	return e.status(ctx, s, doing, id, document, "apply")
}

// Status queries the guest of a running machine.
func (e *Engine) Status(ctx context.Context, id string) (guest.Status, error) {
	s, err := e.connect(ctx)
	if err != nil {
		return guest.Status{}, err
	}
	return e.status(ctx, s, "asking the guest of "+id, id, nil, "status")
}

func (e *Engine) status(ctx context.Context, s server, doing, id string, in []byte, verb string) (guest.Status, error) {
	var status guest.Status
	out, err := e.ask(ctx, s, doing, id, in, verb)
	if err != nil {
		return status, err
	}
	if err := json.Unmarshal(out, &status); err != nil {
		return status, fmt.Errorf("%s: reading the guest's answer: %w", doing, err)
	}
	return status, nil
}

// Await blocks until the account's display answers or, with an empty account, until the guest has applied its document.
func (e *Engine) Await(ctx context.Context, id, account string) error {
	s, err := e.connect(ctx)
	if err != nil {
		return err
	}
	arguments := []string{"await"}
	if account != "" {
		arguments = append(arguments, account)
	}
	_, err = e.ask(ctx, s, "waiting for "+id, id, nil, arguments...)
	return err
}

// Notify shows a message in the machine's sessions.
func (e *Engine) Notify(ctx context.Context, id string, m guest.Message) error {
	message, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("writing the message: %w", err)
	}
	s, err := e.connect(ctx)
	if err != nil {
		return err
	}
	_, err = e.ask(ctx, s, "showing a message in "+id, id, message, "message")
	return err
}

// EndSessions ends the sessions that began before a time.
func (e *Engine) EndSessions(ctx context.Context, id string, before time.Time) error {
	s, err := e.connect(ctx)
	if err != nil {
		return err
	}
	_, err = e.ask(ctx, s, "ending the sessions of "+id, id, nil, "end", before.UTC().Format(time.RFC3339Nano))
	if exit, ok := errors.AsType[*exitError](err); ok && strings.Contains(exit.complaint, "unknown command") {
		return fmt.Errorf("%w: %w", engine.ErrInvalid, err)
	}
	return err
}

// ask runs carrel-guest in a machine and returns its answer, one or more whole lines. After an error it reads the machine again,
// to distinguish a machine that does not run from a guest that reports an error.
//
// On a busy host Incus sometimes reports success for a process that never ran, or whose output it lost (lxc/lxc issue 4282).
// Every request may be executed twice, so one without a whole answer is sent again.
func (e *Engine) ask(ctx context.Context, s server, doing, id string, in []byte, arguments ...string) ([]byte, error) {
	if !validID.MatchString(id) {
		return nil, fmt.Errorf("%s: %w", doing, engine.ErrNotFound)
	}
	var out []byte
	err := untilAnswered(ctx, func() (err error) {
		out, err = run(ctx, s, instanceName(id), in, arguments...)
		if err == nil && !bytes.HasSuffix(out, []byte("\n")) {
			err = errUnanswered
		}
		return err
	})
	if err != nil {
		return nil, e.explain(ctx, s, doing, id, err)
	}
	return out, nil
}

// asks is the maximum number of requests to a guest that does not answer.
const asks = 4

var errUnanswered = errors.New("the guest ended without an answer")

// untilAnswered repeats try while it returns errUnanswered.
func untilAnswered(ctx context.Context, try func() error) (err error) {
	for range asks {
		if err = try(); !errors.Is(err, errUnanswered) || ctx.Err() != nil {
			return err
		}
	}
	return err
}

func (e *Engine) explain(ctx context.Context, s server, doing, id string, err error) error {
	if ctx.Err() == nil {
		if state := runs(ctx, s, id); state != nil {
			return fmt.Errorf("%s: %w", doing, state)
		}
	}
	if exit, ok := errors.AsType[*exitError](err); ok && ctx.Err() == nil {
		return fmt.Errorf("%s: the guest says: %w", doing, exit)
	}
	return translate(ctx, doing, err)
}

// runs returns engine.ErrConflict unless the machine runs.
func runs(ctx context.Context, s server, id string) error {
	found, err := find(ctx, s, id)
	if err != nil {
		return err
	}
	if state := stateOf(found); state != engine.Running {
		return fmt.Errorf("%w: it is %s", engine.ErrConflict, state)
	}
	return nil
}

// Display opens the account's display. An RFB server speaks first, so Display returns once it has: a missing display is an error
// here rather than a stream that ends immediately. The context limits only the opening.
func (e *Engine) Display(ctx context.Context, id, account string) (io.ReadWriteCloser, error) {
	doing := "opening the display of " + id
	s, err := e.connect(ctx)
	if err != nil {
		return nil, err
	}
	if !validID.MatchString(id) {
		return nil, fmt.Errorf("%s: %w", doing, engine.ErrNotFound)
	}
	var d *display
	err = untilAnswered(ctx, func() (err error) {
		d, err = openDisplay(ctx, s, id, account)
		return err
	})
	if err != nil {
		return nil, e.explain(ctx, s, doing, id, err)
	}
	return d, nil
}

func openDisplay(ctx context.Context, s server, id, account string) (*display, error) {
	p, err := execute(ctx, s, instanceName(id), guest.Path, "display", account)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, p.hangUp)
	output := bufio.NewReaderSize(p, displayBuffer)
	_, err = output.Peek(1)
	if ended := !stop(); err == nil && !ended {
		return &display{Reader: output, session: p}, nil
	}
	complaint := p.lastWords()
	_ = p.Close()
	if complaint == "" {
		return nil, errUnanswered
	}
	return nil, &exitError{status: 1, complaint: complaint}
}

// displayBuffer is in bytes; a reader with a larger buffer gets the data without a copy.
const displayBuffer = 32 << 10

// display is a session whose first bytes have been read already.
type display struct {
	*bufio.Reader
	session *session
}

func (d *display) Write(b []byte) (int, error) { return d.session.Write(b) }

// Close ends the process inside the machine.
func (d *display) Close() error { return d.session.Close() }
