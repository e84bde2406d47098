package sim

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	"carrel/internal/guest"
)

var errGuestFails = errors.New("the guest could not apply its document: simulated fault")

// inside is what a machine has in its memory from boot to power-off: the guest and the sessions.
type inside struct {
	boot time.Time // when the guest answers
	ends chan struct{}

	mu       sync.Mutex // guards what follows
	changed  chan struct{}
	off      bool
	silent   bool
	failed   error // the error that the guest reports
	warnings []string
	hostname string
	sessions map[string]*session
	messages []guest.Message
}

// session is one account's session.
type session struct {
	account string
	begun   time.Time
	ready   time.Time // when its display answers
	screen  *screen
}

func newSession(account string, ready time.Time) *session {
	return &session{account: account, begun: time.Now(), ready: ready, screen: newScreen(ready)}
}

// newInside boots a guest that answers at boot and whose displays answer login later.
func newInside(d guest.Desktop, boot time.Time, login time.Duration) *inside {
	in := &inside{boot: boot, ends: make(chan struct{}), changed: make(chan struct{}), sessions: map[string]*session{}}
	in.setUp(d, boot.Add(login))
	return in
}

var accountName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`)

// apply applies d inside; new sessions are ready after login.
func (in *inside) apply(d guest.Desktop, login time.Duration) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.off {
		return
	}
	in.failed = nil
	in.setUp(d, time.Now().Add(login))
	in.announce()
}

// setUp gives every account of the document a session and ends the others. The mutex is locked.
func (in *inside) setUp(d guest.Desktop, ready time.Time) {
	in.hostname = d.Hostname
	in.warnings = nil
	if _, err := time.LoadLocation(d.Timezone); err != nil {
		in.warnings = []string{"time zone " + strconv.Quote(d.Timezone) + ": unknown"}
	}
	wanted := map[string]bool{}
	for _, a := range d.Accounts {
		if a.Absent {
			continue
		}
		if !accountName.MatchString(a.Name) || a.Group != guest.GroupAdmin && a.Group != guest.GroupUser {
			in.failed = errors.New("no account can be called " + a.Name + " in group " + a.Group)
			continue
		}
		wanted[a.Name] = true
		if in.sessions[a.Name] == nil {
			in.sessions[a.Name] = newSession(a.Name, ready)
		}
	}
	for name, s := range in.sessions {
		if !wanted[name] {
			s.screen.disconnect()
			delete(in.sessions, name)
		}
	}
}

// announce wakes those who wait for a change. The mutex is locked.
func (in *inside) announce() {
	close(in.changed)
	in.changed = make(chan struct{})
}

// shutDown is a power-off: every display ends and nothing answers any more.
func (in *inside) shutDown() {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.off {
		return
	}
	in.off = true
	close(in.ends)
	in.announce()
	for _, s := range in.sessions {
		s.screen.disconnect()
	}
}

// disconnect ends every display.
func (in *inside) disconnect() {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, s := range in.sessions {
		s.screen.disconnect()
	}
}

// progress returns the guest's state for the account, or for its document if account is empty: an error, or how long to wait (0
// if it is ready, negative if unknown), and a channel that is closed when that may have changed.
func (in *inside) progress(account string) (wait time.Duration, changed <-chan struct{}, err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	now := time.Now()
	s := in.sessions[account]
	switch {
	case in.silent:
		return -1, in.changed, nil
	case now.Before(in.boot):
		return in.boot.Sub(now), in.changed, nil
	case in.failed != nil:
		return 0, nil, in.failed
	case account == "":
		return 0, nil, nil
	case s == nil:
		return -1, in.changed, nil
	}
	return max(0, s.ready.Sub(now)), in.changed, nil
}

func (in *inside) status() guest.Status {
	in.mu.Lock()
	defer in.mu.Unlock()
	now := time.Now()
	if now.Before(in.boot) {
		return guest.Status{Sessions: []guest.Session{}}
	}
	st := guest.Status{Hostname: in.hostname, Applied: in.failed == nil, Warnings: in.warnings, Sessions: []guest.Session{}}
	if in.failed != nil {
		st.Error = in.failed.Error()
	}
	for _, name := range slices.Sorted(maps.Keys(in.sessions)) {
		s := in.sessions[name]
		up := !now.Before(s.ready)
		viewers, input := s.screen.use()
		st.Sessions = append(st.Sessions, guest.Session{
			Account: name, Display: up, Panel: up, Clients: viewers, Idle: max(0, now.Sub(input)), Begun: s.begun,
		})
	}
	return st
}

// endSessions replaces the sessions that began before a time; the new ones are ready after login.
func (in *inside) endSessions(before time.Time, login time.Duration) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for name, s := range in.sessions {
		if s.begun.Before(before) {
			s.screen.disconnect()
			in.sessions[name] = newSession(name, time.Now().Add(login))
		}
	}
	in.announce()
}

// notify shows the message in its sessions.
func (in *inside) notify(m guest.Message) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.messages = append(in.messages, m)
	for name, s := range in.sessions {
		if m.Account == "" || m.Account == name {
			s.screen.show(m)
		}
	}
}

// fail makes the guest report err.
func (in *inside) fail(err error) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.failed = err
	in.announce()
	return err
}
