package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"carrel/internal/guest"
)

// desk is the supervisor: it applies the document to the system, and runs one session for each account.
type desk struct {
	sys *system

	applying sync.Mutex // one document at a time

	mu       sync.Mutex // guards what follows
	document guest.Desktop
	applied  bool
	failure  error
	warnings []string
	sessions map[string]*session
	changed  chan struct{} // closed and replaced at every change
}

func newDesk(sys *system) *desk {
	return &desk{sys: sys, sessions: map[string]*session{}, changed: make(chan struct{})}
}

// serve applies the stored document, answers commands, and ends all sessions in order when ctx ends.
func (d *desk) serve(ctx context.Context) error {
	began := time.Now()
	l, err := listen(controlSocket)
	if err != nil {
		return err
	}
	defer l.Close()
	go d.answerAll(ctx, l)
	if err := d.sys.emptyTmp(); err != nil {
		slog.Warn("temporary files of the last run are left", "error", err)
	}

	document, err := wantedDesktop()
	if err != nil {
		slog.Warn("no document from outside; taking the one that was carried out last", "error", err)
		if document, err = d.sys.lastDocument(); err != nil {
			slog.Warn("no earlier document either; waiting for one", "error", err)
		}
	}
	if err := d.apply(ctx, document); err != nil {
		slog.Error("the document could not be carried out in full", "error", err)
	}
	slog.Info("desktop set up", "took", time.Since(began))
	<-ctx.Done()
	d.endSessions()
	return nil
}

// apply applies the document to the running system. It continues after an error, so that one invalid field does not cost a user
// their session; it returns the errors and keeps them for status.
func (d *desk) apply(ctx context.Context, document guest.Desktop) error {
	d.applying.Lock()
	defer d.applying.Unlock()
	d.update(func() { d.document, d.applied, d.failure, d.warnings = document, false, nil, nil })

	warnings := textsOf(d.sys.setTimezone(document.Timezone), d.sys.setLocale(document.Locale))
	for _, warning := range warnings {
		slog.Warn("a part of the document was left out", "reason", warning)
	}
	errs := []error{d.sys.setHostname(document.Hostname), d.takeAway(document)}
	for _, a := range document.Accounts {
		if !a.Absent {
			errs = append(errs, d.setUpAccount(ctx, a))
		}
	}
	errs = append(errs, d.sys.setNetwork(ctx, document.Network), d.sys.shareVolumes(document),
		d.sys.dropMounts(document), d.sys.keepDocument(document))

	err := errors.Join(errs...)
	d.update(func() { d.applied, d.failure, d.warnings = err == nil, err, warnings })
	return err
}

// textsOf returns the texts of the errors that are not nil.
func textsOf(errs ...error) (texts []string) {
	for _, err := range errs {
		if err != nil {
			texts = append(texts, err.Error())
		}
	}
	return texts
}

// setUpAccount gives an account its login and its session. A running session is not changed; that of a renamed account was
// removed with its old name.
func (d *desk) setUpAccount(ctx context.Context, a guest.Account) error {
	if a.Former != "" {
		if err := d.sys.logins.rename(a.Former, a.Name); err != nil {
			return fmt.Errorf("renaming account %q to %q: %w", a.Former, a.Name, err)
		}
	}
	login, err := d.sys.logins.ensure(a)
	if err != nil {
		return fmt.Errorf("account %q: %w", a.Name, err)
	}
	groups, err := d.sys.logins.groups(a.Name)
	if err != nil {
		return fmt.Errorf("account %q: %w", a.Name, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.sessions[a.Name] == nil {
		d.sessions[a.Name] = startSession(login, groups, d.sys.locale(), d.notify)
	}
	return nil
}

// takeAway ends the access of every account of Carrel's that is not in the document.
func (d *desk) takeAway(document guest.Desktop) error {
	wanted := document.Accounts
	owned, err := d.sys.logins.owned()
	if err != nil {
		return fmt.Errorf("listing accounts: %w", err)
	}
	var errs []error
	for _, l := range owned {
		i := slices.IndexFunc(wanted, func(a guest.Account) bool { return a.Name == l.Name })
		if i >= 0 && !wanted[i].Absent {
			continue
		}
		err := d.lockOut(l)
		if err == nil && i >= 0 && wanted[i].Erase {
			err = d.sys.logins.erase(l, document.Volumes)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("taking account %q away: %w", l.Name, err))
		}
	}
	return errors.Join(errs...)
}

// lockOut locks the login first, so that nothing new can start, and only then ends what runs.
func (d *desk) lockOut(l login) error {
	if err := d.sys.logins.lock(l.Name); err != nil {
		return err
	}
	d.mu.Lock()
	s := d.sessions[l.Name]
	delete(d.sessions, l.Name)
	d.mu.Unlock()
	if s != nil {
		s.end(atOnce)
	}
	if err := sweep(l, killNow); err != nil {
		return err
	}
	d.notify()
	return nil
}

func (d *desk) endSessions() {
	d.mu.Lock()
	sessions := d.sessions
	d.sessions = map[string]*session{}
	d.mu.Unlock()
	var all sync.WaitGroup
	for _, s := range sessions {
		all.Go(func() { s.end(inOrder) })
	}
	all.Wait()
}

// end ends the sessions that began before a time, in order and with all that runs in them, and starts new ones in their place. It
// returns when the old ones are gone. Ending them twice ends nothing more.
func (d *desk) end(before time.Time) error {
	d.applying.Lock() // accounts do not come or go meanwhile
	defer d.applying.Unlock()
	d.mu.Lock()
	var old []*session
	for name, s := range d.sessions {
		if s.state().Begun.Before(before) {
			old = append(old, s)
			delete(d.sessions, name)
		}
	}
	d.mu.Unlock()
	var all sync.WaitGroup
	for _, s := range old {
		all.Go(func() { s.end(inOrder) })
	}
	all.Wait()
	var errs []error
	for _, s := range old {
		groups, err := d.sys.logins.groups(s.login.Name)
		if err != nil {
			errs = append(errs, fmt.Errorf("account %q: %w", s.login.Name, err))
			continue
		}
		d.update(func() { d.sessions[s.login.Name] = startSession(s.login, groups, d.sys.locale(), d.notify) })
	}
	return errors.Join(errs...)
}

// await blocks until the document is applied, or until the account's display answers.
func (d *desk) await(ctx context.Context, account string, panel bool) error {
	for {
		done, changed, err := d.reached(account, panel)
		if done || err != nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// reached returns whether an await is over and, if not, a channel that is closed when to check again.
func (d *desk) reached(account string, panel bool) (done bool, changed <-chan struct{}, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := d.sessions[account]; s != nil {
		now := s.state()
		return now.Display && (now.Panel || !panel), d.changed, nil
	}
	if d.failure != nil {
		return true, nil, d.failure
	}
	if d.applied && account != "" {
		return true, nil, fmt.Errorf("the desktop has no account %q", account)
	}
	return d.applied, d.changed, nil
}

// status returns the current state. It queries each display for its idle time.
func (d *desk) status() guest.Status {
	d.mu.Lock()
	sessions := make([]*session, 0, len(d.sessions))
	for _, s := range d.sessions {
		sessions = append(sessions, s)
	}
	st := guest.Status{Applied: d.applied, Warnings: d.warnings, Sessions: make([]guest.Session, 0, len(sessions))}
	if d.failure != nil {
		st.Error = d.failure.Error()
	}
	d.mu.Unlock()

	st.Hostname, _ = os.Hostname()
	for _, s := range sessions {
		st.Sessions = append(st.Sessions, s.describe())
	}
	slices.SortFunc(st.Sessions, func(a, b guest.Session) int {
		if a.Account < b.Account {
			return -1
		}
		return 1
	})
	return st
}

// leastIdle returns the idle time of the desktop as a whole.
func leastIdle(sessions []guest.Session) time.Duration {
	if len(sessions) == 0 {
		return 0
	}
	least := sessions[0].Idle
	for _, s := range sessions[1:] {
		least = min(least, s.Idle)
	}
	return least
}

func (d *desk) update(change func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change()
	close(d.changed)
	d.changed = make(chan struct{})
}

// notify wakes all that await something.
func (d *desk) notify() { d.update(func() {}) }
