package sink_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"carrel/internal/audit"
	"carrel/internal/audit/sink"
	"carrel/internal/secret"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

// env is a trail to which tests add linked records.
type env struct {
	*testing.T
	trail *audit.Service
	added int
}

func newEnv(t *testing.T) *env {
	t.Helper()
	box, err := secret.ParseBox(strings.Repeat("5a", 32))
	if err != nil {
		t.Fatal(err)
	}
	return &env{T: t, trail: &audit.Service{Store: storetest.Open(t, storetest.SQLitePath(t), nil), Keys: box}}
}

func (e *env) add(n int) {
	e.Helper()
	for range n {
		e.added++
		r := workspace.System("p", "r", "DoThing").Record(workspace.Resource{Type: "thing", ID: strconv.Itoa(e.added)})
		if err := e.trail.Add(e.Context(), r); err != nil {
			e.Fatal(err)
		}
		if _, err := e.trail.Link(e.Context(), "here"); err != nil {
			e.Fatal(err)
		}
	}
}

// ship sends once what a sink lacks.
func (e *env) ship(s sink.Sink) {
	e.Helper()
	shipper := sink.Shipper{Audit: e.trail, Sink: s, Name: "test", Log: slog.New(slog.NewTextHandler(failing{e.T}, nil)), Every: time.Hour}
	shipper.Start(e.Context())
	shipper.Stop(e.Context())
}

// failing fails the test for each line of the log.
type failing struct{ t *testing.T }

func (f failing) Write(line []byte) (int, error) {
	f.t.Errorf("logged: %s", line)
	return len(line), nil
}

// lines are the places in files, which must be whole lines.
func lines(t *testing.T, paths ...string) (all []int64) {
	t.Helper()
	for _, path := range paths {
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(body)) {
			e, err := audit.ParseEntry([]byte(line))
			if err != nil || !strings.HasSuffix(line, "\n") {
				t.Fatalf("%s: %q: %v", path, line, err)
			}
			all = append(all, e.Seq)
		}
	}
	return all
}

func to(n int) (all []int64) {
	for i := range n {
		all = append(all, int64(i+1))
	}
	return all
}

func TestAFileHasTheWholeTrail(t *testing.T) {
	e := newEnv(t)
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	e.ship(&sink.File{Path: path})
	e.add(3)
	f := &sink.File{Path: path}
	e.ship(f)
	e.add(2)
	e.ship(&sink.File{Path: path}) // after a restart
	if got := lines(t, path); !slices.Equal(got, to(5)) {
		t.Errorf("the file has %v", got)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	t.Run("WithoutALineThatACrashCutOff", func(t *testing.T) {
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, body[:len(body)-10], 0o600); err != nil {
			t.Fatal(err)
		}
		e.ship(&sink.File{Path: path})
		if got := lines(t, path); !slices.Equal(got, to(5)) {
			t.Errorf("the file has %v", got)
		}
	})
	t.Run("AndBeginsAnewWhenItIsRenamed", func(t *testing.T) {
		f := &sink.File{Path: path}
		if _, err := f.After(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path, path+".1"); err != nil {
			t.Fatal(err)
		}
		e.add(1)
		e.ship(f)
		if got := lines(t, path+".1", path); !slices.Equal(got, to(6)) {
			t.Errorf("the files have %v", got)
		}
	})
	t.Run("AndLeavesAnotherFileAlone", func(t *testing.T) {
		other := filepath.Join(t.TempDir(), "notes.txt")
		if err := os.WriteFile(other, []byte("my notes\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := (&sink.File{Path: other}).After(t.Context()); err == nil {
			t.Error("a file of something else was taken")
		}
		if body, err := os.ReadFile(other); err != nil || string(body) != "my notes\n" {
			t.Errorf("%q, %v", body, err)
		}
	})
}

func TestAFileIsRenamedWhenItIsLargeAndTheOldestAreDeleted(t *testing.T) {
	e := newEnv(t)
	path := filepath.Join(t.TempDir(), "audit[1].jsonl") // no pattern
	for range 6 {
		e.add(1)
		e.ship(&sink.File{Path: path, MaxBytes: 100, Keep: 3}) // each line is longer; each time after a restart
	}
	all, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	var renamed []string
	for _, f := range all {
		if f.Name() != filepath.Base(path) {
			renamed = append(renamed, filepath.Join(filepath.Dir(path), f.Name()))
		}
	}
	if got := lines(t, renamed...); !slices.Equal(got, []int64{4, 5, 6}) {
		t.Errorf("the renamed files have %v", got)
	}
}

var header = regexp.MustCompile(`^<(\d+)>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z \S{1,255} carrel \d+ (\S{1,32}) - \x{FEFF}(\{.*\})$`)

// check fails unless a message is one of RFC 5424, and returns its place.
func check(t *testing.T, text string) int64 {
	t.Helper()
	parts := header.FindStringSubmatch(text)
	if parts == nil {
		t.Fatalf("not a message: %q", text)
	}
	e, err := audit.ParseEntry([]byte(parts[3]))
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return e.Seq
}

func TestSyslog(t *testing.T) {
	for _, scheme := range []string{"udp", "tcp", "unixgram", "unix"} {
		t.Run(scheme, func(t *testing.T) {
			e := newEnv(t)
			address, receive := receiver(t, scheme)
			u, err := sink.ParseSyslog(address)
			if err != nil {
				t.Fatal(err)
			}
			e.add(3)
			e.ship(&sink.Syslog{Address: u, Audit: e.trail, Owner: "here"})
			e.add(2)
			e.ship(&sink.Syslog{Address: u, Audit: e.trail, Owner: "here"}) // after a restart: what is new
			for want := range int64(5) {
				if got := check(t, receive()); got != want+1 {
					t.Errorf("got %d, want %d", got, want+1)
				}
			}
		})
	}
}

// receiver receives messages. It returns the address as in the configuration.
func receiver(t *testing.T, scheme string) (address string, receive func() string) {
	t.Helper()
	messages := make(chan string, 100)
	where := "127.0.0.1:0"
	if strings.HasPrefix(scheme, "unix") {
		dir, err := os.MkdirTemp("", "s") // a socket's path has at most 100 bytes
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(dir) })
		where = filepath.Join(dir, "log")
		address = "unix://" + where
	}
	switch scheme {
	case "udp", "unixgram":
		c, err := (&net.ListenConfig{}).ListenPacket(t.Context(), scheme, where)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		if address == "" {
			address = "udp://" + c.LocalAddr().String()
		}
		go func() {
			b := make([]byte, 64<<10)
			for {
				n, _, err := c.ReadFrom(b)
				if err != nil {
					return
				}
				messages <- string(b[:n])
			}
		}()
	default:
		l, err := (&net.ListenConfig{}).Listen(t.Context(), scheme, where)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		if address == "" {
			address = "tcp://" + l.Addr().String()
		}
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				counted(c, messages) // to its end: what comes on the next one is later
			}
		}()
	}
	return address, func() string {
		select {
		case m := <-messages:
			return m
		case <-t.Context().Done():
			return ""
		}
	}
}

// counted reads messages whose octets are counted.
func counted(c net.Conn, messages chan<- string) {
	defer c.Close()
	in := bufio.NewReader(c)
	for {
		number, err := in.ReadString(' ')
		if err != nil {
			return
		}
		n, err := strconv.Atoi(strings.TrimSpace(number))
		if err != nil {
			messages <- "no number: " + number
			return
		}
		b := make([]byte, n)
		if _, err := io.ReadFull(in, b); err != nil {
			return
		}
		messages <- string(b)
	}
}

func TestOfSeveralProcessesOneSendsToSyslog(t *testing.T) {
	e := newEnv(t)
	address, receive := receiver(t, "udp")
	u, err := sink.ParseSyslog(address)
	if err != nil {
		t.Fatal(err)
	}
	e.add(2)
	e.ship(&sink.Syslog{Address: u, Audit: e.trail, Owner: "first"})
	e.add(1)
	e.ship(&sink.Syslog{Address: u, Audit: e.trail, Owner: "second"})
	if n, err := e.trail.Sent(t.Context(), "syslog"); err != nil || n != 2 {
		t.Errorf("%d were sent, %v; want those of the first", n, err)
	}
	e.ship(&sink.Syslog{Address: u, Audit: e.trail, Owner: "first"})
	for want := range int64(3) {
		if got := check(t, receive()); got != want+1 {
			t.Errorf("got %d, want %d", got, want+1)
		}
	}
}

// What was sent is not sent again after the restart of a process that was told to stop meanwhile.
func TestWhatWasSentIsNotedThoughTheProcessStops(t *testing.T) {
	e := newEnv(t)
	address, receive := receiver(t, "udp")
	u, err := sink.ParseSyslog(address)
	if err != nil {
		t.Fatal(err)
	}
	s := &sink.Syslog{Address: u, Audit: e.trail, Owner: "here"}
	t.Cleanup(func() { s.Close() })
	stopping, stop := context.WithCancel(t.Context())
	defer stop()
	for n := range int64(2) { // the second is written to the connection of the first
		e.add(1)
		if _, err := s.Claim(t.Context()); err != nil {
			t.Fatal(err)
		}
		err := e.trail.Export(t.Context(), audit.Range{}, n, func(entries []audit.Entry) error { return s.Write(stopping, entries) })
		if err != nil {
			t.Fatal(err)
		}
		if got := check(t, receive()); got != n+1 {
			t.Errorf("got %d, want %d", got, n+1)
		}
		stop()
	}
	if n, err := e.trail.Sent(t.Context(), "syslog"); err != nil || n != 2 {
		t.Errorf("%d are noted as sent, %v; want 2", n, err)
	}
}

// What a sink does not take is offered again, and told in the log once.
func TestAFailureIsToldAndNothingIsLost(t *testing.T) {
	e := newEnv(t)
	e.add(3)
	var logged bytes.Buffer
	broken := &breaking{fails: 2}
	s := sink.Shipper{Audit: e.trail, Sink: broken, Name: "test", Log: slog.New(slog.NewTextHandler(&logged, nil)), Every: time.Millisecond}
	broken.done = make(chan struct{})
	s.Start(t.Context())
	<-broken.done
	s.Stop(t.Context())
	if !slices.Equal(broken.got, to(3)) || strings.Count(logged.String(), "\n") != 1 || !strings.Contains(logged.String(), "disk full") {
		t.Errorf("got %v, logged %s", broken.got, logged.String())
	}
}

// breaking is a sink that fails some times.
type breaking struct {
	fails int
	got   []int64
	done  chan struct{}
}

func (b *breaking) After(context.Context) (int64, error) { return int64(len(b.got)), nil }
func (b *breaking) Claim(context.Context) (bool, error)  { return true, nil }
func (b *breaking) Close() error                         { return nil }
func (b *breaking) Write(_ context.Context, entries []audit.Entry) error {
	if b.fails--; b.fails >= 0 {
		return errors.New("disk full")
	}
	for _, e := range entries {
		b.got = append(b.got, e.Seq)
	}
	close(b.done)
	return nil
}

func TestMessagesKeepToTheirForm(t *testing.T) {
	r := workspace.System("p", "r", "Do thing\n"+strings.Repeat("x", 100)).Record(workspace.Resource{Name: "a\nb"})
	r.Time = time.Date(2026, 3, 1, 12, 0, 0, 0, time.FixedZone("", 3600))
	for result, priority := range map[workspace.AuditResult]string{workspace.AuditSuccess: "<110>", workspace.AuditRefused: "<108>", workspace.AuditFailed: "<107>"} {
		r.Result = result
		got := string(sink.Message(audit.Entry{Seq: 1, Record: r, Hash: "h"}, "a host", 7))
		if !header.MatchString(got) || !strings.HasPrefix(got, priority+"1 2026-03-01T11:00:00.000000Z a_host carrel 7 Do_thing_xxx") || strings.Contains(got, "\n") {
			t.Errorf("%s: %q", result, got)
		}
		var body map[string]any
		if err := json.Unmarshal([]byte(got[strings.Index(got, "{"):]), &body); err != nil || body["resource_name"] != "a\nb" {
			t.Errorf("%q: %v", got, err)
		}
	}
}

func TestAddressesOfSyslog(t *testing.T) {
	for _, text := range []string{"udp://log.example.com:514", "tcp://[2001:db8::1]:601", "unix:///dev/log"} {
		if _, err := sink.ParseSyslog(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{"", "log.example.com:514", "udp://log.example.com", "tcp://:514", "udp://u@h:1", "tcp://h:1/x", "unix://dev/log", "http://h:1", "udp://h:1?x=1", ":"} {
		if _, err := sink.ParseSyslog(text); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
}
