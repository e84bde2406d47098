package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"carrel/internal/job"
	"carrel/internal/workspace"
)

// controlSocket is the file in the data directory through which commands reach the control plane that uses the directory. Whoever
// may open it can read the database as well, so it needs no credentials.
const controlSocket = "control.sock"

// The paths on the control socket.
const (
	auditPath   = "/audit"
	healPath    = "/audit/heal"
	restorePath = "/audit/restore"
	proxiesPath = "/proxies/unlisted"
)

// healOrder has the desktops whose findings are to be healed, or the machine to restore.
type healOrder struct {
	IDs []string `json:"ids"`
}

// controlFault is the response after an error.
type controlFault struct {
	Error string `json:"error"`
	Doubt bool   `json:"doubt,omitempty"` // job.ErrDoubt
}

// serveControl serves commands on the data directory's socket until the control plane stops.
func (a *App) serveControl(ctx context.Context) error {
	path, release, err := socketPath(a.config.Data)
	if err != nil {
		return err
	}
	defer release()
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing the former control socket: %w", err) // this process has the directory's lock
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "unix", path)
	if err != nil {
		return fmt.Errorf("opening the control socket: %w", err)
	}
	if err := os.Chmod(filepath.Join(a.config.Data, controlSocket), 0o600); err != nil {
		return errors.Join(err, l.Close())
	}
	auditor := a.auditor()
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+auditPath, func(w http.ResponseWriter, r *http.Request) {
		report, err := auditor.Audit(r.Context())
		answerControl(w, report, err)
	})
	mux.HandleFunc("POST "+healPath, withOrder(func(ctx context.Context, order healOrder) (any, error) {
		report, err := auditor.Heal(ctx, order.IDs)
		a.log.InfoContext(ctx, "machines were healed by carrel audit", "findings", len(report.Findings), "named", len(order.IDs), "error", err)
		return report, err
	}))
	mux.HandleFunc("POST "+restorePath, withOrder(func(ctx context.Context, order healOrder) (any, error) {
		if len(order.IDs) != 1 {
			return nil, workspace.Errorf(workspace.CodeInvalid, "ids: name one machine")
		}
		return auditor.Restore(ctx, order.IDs[0])
	}))
	mux.HandleFunc("GET "+proxiesPath, func(w http.ResponseWriter, _ *http.Request) { answerControl(w, a.clients.Unlisted(), nil) })
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute}
	go func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			a.log.WarnContext(ctx, "the control socket has closed: carrel audit cannot reach this process", "error", err)
		}
	}()
	a.onStop(func(ctx context.Context) {
		if err := server.Shutdown(ctx); err != nil {
			a.complain(ctx, "ending a command", errors.Join(err, server.Close()))
		}
	})
	return nil
}

func (a *App) auditor() *job.Auditor {
	return &job.Auditor{Store: a.store, Engine: a.engine, Keep: a.config.Audit.keep()}
}

// withOrder decodes an order and responds with its result.
func withOrder(do func(context.Context, healOrder) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var order healOrder
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 16<<20)).Decode(&order); err != nil {
			answerControl(w, nil, fmt.Errorf("reading the order: %w", err))
			return
		}
		result, err := do(r.Context(), order)
		answerControl(w, result, err)
	}
}

func answerControl(w http.ResponseWriter, result any, err error) {
	status := http.StatusOK
	if err != nil {
		status, result = http.StatusConflict, controlFault{Error: err.Error(), Doubt: errors.Is(err, job.ErrDoubt)}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(result) // an error means that the caller is gone
}

// controlClient calls the control plane that uses a data directory.
type controlClient struct {
	http *http.Client
}

func newControlClient(dir string) *controlClient {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		path, release, err := socketPath(dir)
		if err != nil {
			return nil, err
		}
		defer release()
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}
	return &controlClient{&http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}}
}

// call sends an order, or none if it is nil, and reads the result.
func (c *controlClient) call(ctx context.Context, method, path string, order, result any) error {
	var body io.Reader
	if order != nil {
		text, err := json.Marshal(order)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://carrel"+path, body)
	if err != nil {
		return err
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("asking the running carrel: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusOK {
		return json.NewDecoder(answer.Body).Decode(result)
	}
	var fault controlFault
	if err := json.NewDecoder(answer.Body).Decode(&fault); err != nil || fault.Error == "" {
		return fmt.Errorf("the running carrel answered %s: is it of this version?", answer.Status)
	}
	if fault.Doubt {
		return controlDoubt(fault.Error)
	}
	return errors.New(fault.Error)
}

// UnlistedProxies returns the peers that forwarded requests to the control plane which uses the data directory and are not in its proxies.
// known is false if none is running.
func UnlistedProxies(ctx context.Context, c Config) (peers []netip.Addr, known bool, err error) {
	if _, err := os.Stat(filepath.Join(c.Data, controlSocket)); errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	err = newControlClient(c.Data).call(ctx, http.MethodGet, proxiesPath, nil, &peers)
	if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, fs.ErrNotExist) { // the socket of one that has ended
		return nil, false, nil
	}
	return peers, err == nil, err
}

// controlDoubt is job.ErrDoubt as received through the socket.
type controlDoubt string

func (d controlDoubt) Error() string { return string(d) }
func (d controlDoubt) Unwrap() error { return job.ErrDoubt }

// longestSocket is the maximum length of a socket's path on all systems, in bytes.
const longestSocket = 100

// socketPath returns the control socket's path. If it is too long for a socket's address, the path leads through the open
// directory, until release is called.
func socketPath(dir string) (path string, release func(), err error) {
	path = filepath.Join(dir, controlSocket)
	if len(path) <= longestSocket || runtime.GOOS != "linux" {
		return path, func() {}, nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return "", nil, err
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", d.Fd(), controlSocket), func() { d.Close() }, nil //nolint:errcheck // nothing was written
}
