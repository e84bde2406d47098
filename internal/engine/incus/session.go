package incus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/lxc/incus/v6/shared/api"

	"carrel/internal/guest"
)

// outputLimit is the maximum output of a guest program that is kept, in bytes.
const outputLimit = 1 << 20

// session is a process inside a machine, run through the daemon's API. Closing it kills the process: the daemon does that when
// the control channel ends.
type session struct {
	operation                      string
	control, stdin, stdout, stderr *websocket.Conn
	reading                        io.Reader     // the rest of the current message
	complaint                      tail          // the end of the process's standard error
	complained                     chan struct{} // closed when standard error has ended
	pumps                          sync.WaitGroup
	closing                        sync.Once
}

// execute starts a process. The context limits only the start.
func execute(ctx context.Context, s server, name string, command ...string) (*session, error) {
	op, _, err := s.RawOperation("POST", "/instances/"+name+"/exec", api.InstanceExecPost{Command: command, WaitForWS: true}, "")
	if err != nil {
		return nil, err
	}
	description := op.Get()
	secrets, _ := description.Metadata["fds"].(map[string]any)
	p := &session{operation: description.ID, complained: make(chan struct{})}
	// The control channel comes first: the process starts once the others are connected, and must never be without it.
	for _, channel := range []struct {
		name string
		conn **websocket.Conn
	}{{"control", &p.control}, {"0", &p.stdin}, {"1", &p.stdout}, {"2", &p.stderr}} {
		secret, _ := secrets[channel.name].(string)
		if err := ctx.Err(); err != nil {
			p.hangUp()
			return nil, err
		}
		if *channel.conn, err = s.GetOperationWebsocket(p.operation, secret); err != nil {
			p.hangUp()
			return nil, fmt.Errorf("connecting the channel %s: %w", channel.name, err)
		}
	}
	p.pumps.Go(func() { keepAlive(p.control) })
	p.pumps.Go(func() { keepAlive(p.stdin) })
	p.pumps.Go(func() {
		listen(p.stderr, &p.complaint)
		close(p.complained)
		keepAlive(p.stderr)
	})
	return p, nil
}

// keepAlive reads and discards messages until the channel is closed, which answers the daemon's pings.
func keepAlive(conn *websocket.Conn) {
	for {
		if _, _, err := conn.NextReader(); err != nil {
			return
		}
	}
}

// listen copies a channel until its stream has ended, which the daemon signals by an empty text message.
func listen(conn *websocket.Conn, to io.Writer) {
	for {
		kind, message, err := conn.ReadMessage()
		if err != nil || kind == websocket.TextMessage {
			return
		}
		_, _ = to.Write(message)
	}
}

// lastWords returns what an ended process wrote to its standard error. That is a channel of its own, so it may arrive after
// everything else.
func (p *session) lastWords() string {
	select {
	case <-p.complained:
	case <-time.After(2 * time.Second): // a child of the process may keep the channel open
	}
	return p.complaint.String()
}

// Read reads the process's standard output. It returns io.EOF when the process has ended, whatever the reason.
func (p *session) Read(b []byte) (int, error) {
	for {
		if p.reading == nil {
			kind, message, err := p.stdout.NextReader()
			if err != nil || kind != websocket.BinaryMessage {
				return 0, io.EOF // an empty text message means that the output has ended
			}
			p.reading = message
		}
		n, err := p.reading.Read(b)
		if err == nil || n > 0 {
			return n, nil
		}
		p.reading = nil
		if !errors.Is(err, io.EOF) {
			return 0, io.EOF
		}
	}
}

// Write writes to the process's standard input.
func (p *session) Write(b []byte) (int, error) {
	if err := p.stdin.WriteMessage(websocket.BinaryMessage, b); err != nil {
		return 0, io.ErrClosedPipe
	}
	return len(b), nil
}

// Close kills the process, if it runs, and waits only for this side's readers.
func (p *session) Close() error {
	p.hangUp()
	p.pumps.Wait()
	return nil
}

func (p *session) hangUp() {
	p.closing.Do(func() {
		for _, conn := range []*websocket.Conn{p.control, p.stdin, p.stdout, p.stderr} {
			if conn != nil {
				_ = conn.Close()
			}
		}
	})
}

// exitError is a process that ended with a status other than 0.
type exitError struct {
	status    int
	complaint string
}

func (e *exitError) Error() string {
	if e.complaint == "" {
		return fmt.Sprintf("it ended with status %d", e.status)
	}
	return e.complaint
}

// run runs carrel-guest to its end, with in on its standard input, and returns its standard output. If the context ends, the
// process is killed. An *exitError means that the program itself reports an error.
func run(ctx context.Context, s server, name string, in []byte, arguments ...string) ([]byte, error) {
	p, err := execute(ctx, s, name, append([]string{guest.Path}, arguments...)...)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	stop := context.AfterFunc(ctx, p.hangUp)
	defer stop()
	if len(in) > 0 {
		// If the process ends without reading its input, its own error says why.
		_, _ = p.Write(in)
	}
	_ = p.stdin.WriteMessage(websocket.TextMessage, nil)
	out, err := io.ReadAll(io.LimitReader(p, outputLimit))
	if err != nil {
		return nil, err
	}
	done, _, err := s.GetOperationWait(p.operation, -1)
	if err != nil {
		return nil, err
	}
	if done.Err != "" {
		return nil, errors.New(done.Err)
	}
	if status, _ := done.Metadata["return"].(float64); status != 0 {
		return nil, &exitError{status: int(status), complaint: p.lastWords()}
	}
	return out, nil
}

// tail keeps the last few kilobytes that were written to it. It is safe for concurrent use.
type tail struct {
	mutex sync.Mutex // guards kept
	kept  []byte
}

func (t *tail) Write(b []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.kept = append(t.kept, b...)
	if extra := len(t.kept) - 4096; extra > 0 {
		t.kept = bytes.Clone(t.kept[extra:])
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return strings.TrimSpace(string(t.kept))
}
