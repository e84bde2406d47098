package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"carrel/internal/guest"
)

// controlSocket is the supervisor's socket; only root may connect.
const controlSocket = "/run/carrel/control"

// The kinds of request.
const (
	doApply   = "apply"
	doAwait   = "await"
	doStatus  = "status"
	doMessage = "message"
	doEnd     = "end"
)

// request is sent by the short-lived commands to the supervisor, one JSON document per connection.
type request struct {
	Do       string         `json:"do"`
	Document *guest.Desktop `json:"document,omitempty"`
	Message  *guest.Message `json:"message,omitempty"`
	Account  string         `json:"account,omitempty"`
	Panel    bool           `json:"panel,omitempty"`
	Before   time.Time      `json:"before,omitzero"`
}

// answer is the response. Error is a sentence for users; Status can be set as well.
type answer struct {
	Status *guest.Status `json:"status,omitempty"`
	Error  string        `json:"error,omitempty"`
}

// call sends r and blocks until the answer. While the desktop is starting, there is no listener yet: it tries again without
// limit, since the caller sets its own.
func call(socket string, r request) (answer, error) {
	conn, err := net.Dial("unix", socket)
	for errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		// /run is mounted over at boot, which hides the folder that a watch would be on.
		time.Sleep(5 * time.Millisecond)
		conn, err = net.Dial("unix", socket)
	}
	if err != nil {
		return answer{}, fmt.Errorf("reaching the supervisor: %w", err)
	}
	defer conn.Close()
	if err := json.NewEncoder(conn).Encode(r); err != nil {
		return answer{}, fmt.Errorf("asking the supervisor: %w", err)
	}
	var a answer
	if err := json.NewDecoder(conn).Decode(&a); err != nil {
		return answer{}, fmt.Errorf("the supervisor ended before it answered: %w", err)
	}
	return a, nil
}

// listen opens the control socket, and replaces that of an earlier supervisor.
func listen(socket string) (net.Listener, error) {
	if err := os.MkdirAll(filepath.Dir(socket), 0o711); err != nil {
		return nil, fmt.Errorf("making the directory of the control socket: %w", err)
	}
	if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("removing an old control socket: %w", err)
	}
	old := syscall.Umask(0o177)
	defer syscall.Umask(old)
	l, err := net.Listen("unix", socket)
	if err != nil {
		return nil, fmt.Errorf("opening the control socket: %w", err)
	}
	return l, nil
}

// answerAll serves connections until the listener closes.
func (d *desk) answerAll(ctx context.Context, l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			if err := d.answerOne(ctx, conn); err != nil {
				slog.Debug("a control connection ended early", "error", err)
			}
		}()
	}
}

func (d *desk) answerOne(ctx context.Context, conn net.Conn) error {
	var r request
	if err := json.NewDecoder(conn).Decode(&r); err != nil {
		return fmt.Errorf("reading a request: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { // a caller that closes the connection no longer waits
		_, _ = conn.Read(make([]byte, 1))
		cancel()
	}()
	return json.NewEncoder(conn).Encode(d.answer(ctx, r))
}

func (d *desk) answer(ctx context.Context, r request) answer {
	var err error
	switch {
	case r.Do == doApply && r.Document != nil:
		err = d.apply(ctx, *r.Document)
	case r.Do == doMessage && r.Message != nil:
		err = d.message(*r.Message)
	case r.Do == doAwait:
		err = d.await(ctx, r.Account, r.Panel)
	case r.Do == doEnd && !r.Before.IsZero():
		err = d.end(r.Before)
	case r.Do == doStatus:
	default:
		err = fmt.Errorf("unknown request %q", r.Do)
	}
	status := d.status()
	a := answer{Status: &status}
	if err != nil {
		a.Error = err.Error()
	}
	return a
}
