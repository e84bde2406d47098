package enginetest

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"slices"
	"testing"
	"time"

	"carrel/internal/guest"
)

// configured applies a document with these accounts to the first machine.
func (s *suite) configured(t *testing.T, ctx context.Context, accounts ...guest.Account) guest.Status {
	t.Helper()
	s.up(t, ctx, s.a)
	d := s.a.Guest
	d.Accounts = accounts
	st, err := s.Engine.Configure(ctx, s.a.ID, d)
	if err != nil {
		t.Fatal(err)
	}
	if !st.Applied || st.Error != "" {
		t.Fatalf("the document is not carried out: %+v", st)
	}
	return st
}

// session returns the guest's status of one account.
func (s *suite) session(ctx context.Context, account string) (guest.Session, error) {
	st, err := s.Engine.Status(ctx, s.a.ID)
	if err != nil {
		return guest.Session{}, err
	}
	i := slices.IndexFunc(st.Sessions, func(x guest.Session) bool { return x.Account == account })
	if i < 0 {
		return guest.Session{}, fmt.Errorf("%s has no session: %+v", account, st)
	}
	return st.Sessions[i], nil
}

func (s *suite) wantDisplay(t *testing.T, ctx context.Context, account string) {
	t.Helper()
	if err := s.Engine.Await(ctx, s.a.ID, account); err != nil {
		t.Fatal(err)
	}
	x, err := s.session(ctx, account)
	if err != nil || !x.Display {
		t.Fatalf("the display of %s: %+v, %v", account, x, err)
	}
}

func (s *suite) guests() []check {
	return []check{
		{"The document of the launch is carried out", func(t *testing.T, ctx context.Context) {
			s.up(t, ctx, s.a)
			atOnce(t, func() error { return s.Engine.Await(ctx, s.a.ID, "") })
			st, err := s.Engine.Status(ctx, s.a.ID)
			if err != nil {
				t.Fatal(err)
			}
			if st.Hostname != "desk-a" || !st.Applied || st.Error != "" {
				t.Errorf("status: %+v", st)
			}
			s.wantDisplay(t, ctx, "alice")
		}},
		{"A second account appears beside the first", func(t *testing.T, ctx context.Context) {
			s.configured(t, ctx, alice, bob)
			s.wantDisplay(t, ctx, "bob")
			s.wantDisplay(t, ctx, "alice")
			s.configured(t, ctx, alice, bob) // the same again
			s.wantDisplay(t, ctx, "bob")
		}},
		{"A new host name is taken on", func(t *testing.T, ctx context.Context) {
			d := s.a.Guest
			d.Hostname = "desk-renamed"
			d.Accounts = []guest.Account{alice, bob}
			st, err := s.Engine.Configure(ctx, s.a.ID, d)
			if err != nil || st.Hostname != "desk-renamed" {
				t.Errorf("status: %+v, %v", st, err)
			}
			s.configured(t, ctx, alice, bob)
		}},
		{"A message is shown to all and to one", func(t *testing.T, ctx context.Context) {
			s.up(t, ctx, s.a)
			s.wantDisplay(t, ctx, "alice")
			atOnce(t,
				func() error {
					return s.Engine.Notify(ctx, s.a.ID, guest.Message{Title: "Maintenance", Text: "At six o'clock."})
				},
				func() error {
					return s.Engine.Notify(ctx, s.a.ID, guest.Message{Account: "alice", Title: "Hello", Text: "Only you.", Urgent: true})
				})
		}},
		{"Sessions that began before a time are replaced", func(t *testing.T, ctx context.Context) {
			s.configured(t, ctx, alice, bob)
			s.wantDisplay(t, ctx, "alice")
			s.wantDisplay(t, ctx, "bob")
			now := time.Now()
			for range 2 { // ending them again changes nothing
				atOnce(t, func() error { return s.Engine.EndSessions(ctx, s.a.ID, now) })
				s.wantDisplay(t, ctx, "alice")
			}
			first, err := s.session(ctx, "alice")
			if err != nil || first.Begun.Before(now) {
				t.Errorf("the session is still the former one: %+v, %v", first, err)
			}
			if err := s.Engine.EndSessions(ctx, s.a.ID, first.Begun); err != nil {
				t.Error(err)
			}
			if again, err := s.session(ctx, "alice"); err != nil || !again.Begun.Equal(first.Begun) {
				t.Errorf("a session was ended that began later: %+v, then %+v, %v", first, again, err)
			}
		}},
		{"An absent account loses its session, the other keeps it", func(t *testing.T, ctx context.Context) {
			gone := bob
			gone.Absent, gone.Erase = true, true
			s.configured(t, ctx, alice, bob)
			s.wantDisplay(t, ctx, "bob")
			s.configured(t, ctx, alice, gone)
			s.wantNoSession(t, ctx, "bob")
			s.wantDisplay(t, ctx, "alice")
		}},
		{"An account that is no longer named loses its session", func(t *testing.T, ctx context.Context) {
			s.configured(t, ctx, alice, bob)
			s.wantDisplay(t, ctx, "bob")
			s.configured(t, ctx, alice)
			s.wantNoSession(t, ctx, "bob")
		}},
		{"Waiting for an account that nobody configured ends with its context", func(t *testing.T, ctx context.Context) {
			short, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			if err := s.Engine.Await(short, s.a.ID, "nobody-here"); err == nil {
				t.Error("an account that nobody configured is ready")
			}
		}},
	}
}

func (s *suite) wantNoSession(t *testing.T, ctx context.Context, account string) {
	t.Helper()
	if x, err := s.session(ctx, account); err == nil && x.Display {
		t.Errorf("%s still has a session: %+v", account, x)
	}
	if stream, err := s.Engine.Display(ctx, s.a.ID, account); err == nil {
		_, err := NewViewer(stream)
		stream.Close()
		if err == nil {
			t.Errorf("the display of %s still answers", account)
		}
	}
}

func (s *suite) displays() []check {
	return []check{
		{"A display shows a picture", func(t *testing.T, ctx context.Context) {
			v := s.view(t, ctx, "alice")
			s.look(t, ctx, v)
			if v.Picture.Rect.Empty() {
				t.Error("the picture is empty")
			}
		}},
		{"A display takes on another size", s.resizes},
		{"Two viewers see the same display, and one leaves", s.twoViewers},
		{"A key and the pointer end idleness", s.idles},
		{"An account that does not exist has no display", func(t *testing.T, ctx context.Context) {
			s.wantNoSession(t, ctx, "nobody-here")
		}},
		{"A display that was closed cannot be read", func(t *testing.T, ctx context.Context) {
			v := s.view(t, ctx, "alice")
			if err := v.Close(); err != nil {
				t.Error(err)
			}
			s.wantEnd(t, ctx, v)
		}},
		{"A display ends when its account goes", func(t *testing.T, ctx context.Context) {
			s.configured(t, ctx, alice, bob)
			v := s.view(t, ctx, "bob")
			s.look(t, ctx, v)
			s.configured(t, ctx, alice)
			s.wantEnd(t, ctx, v)
		}},
		{"A display ends when its machine stops", func(t *testing.T, ctx context.Context) {
			v := s.view(t, ctx, "alice")
			s.look(t, ctx, v)
			if err := s.Engine.Stop(ctx, s.a.ID, true); err != nil {
				t.Fatal(err)
			}
			s.wantEnd(t, ctx, v)
		}},
	}
}

// view opens an account's display on the first machine.
func (s *suite) view(t *testing.T, ctx context.Context, account string) *Viewer {
	t.Helper()
	s.up(t, ctx, s.a)
	s.wantDisplay(t, ctx, account)
	stream, err := s.Engine.Display(ctx, s.a.ID, account)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stream.Close() })
	var v *Viewer
	within(t, ctx, stream, func() (err error) {
		v, err = NewViewer(stream)
		return err
	})
	return v
}

// look requests the whole picture and waits for it.
func (s *suite) look(t *testing.T, ctx context.Context, v *Viewer) {
	t.Helper()
	within(t, ctx, v, func() error {
		if err := v.Ask(false); err != nil {
			return err
		}
		return v.Update()
	})
}

// within runs what may block on a stream, and closes the stream if it takes too long.
func within(t *testing.T, ctx context.Context, stream io.Closer, do func() error) {
	t.Helper()
	stop := context.AfterFunc(ctx, func() { stream.Close() })
	defer stop()
	if err := do(); err != nil {
		t.Fatalf("on the display: %v (%v)", err, ctx.Err())
	}
}

// wantEnd reads until the stream ends.
func (s *suite) wantEnd(t *testing.T, ctx context.Context, v *Viewer) {
	t.Helper()
	within(t, ctx, v, func() error {
		for {
			if _, err := v.Next(); err != nil {
				return ctx.Err()
			}
		}
	})
}

func (s *suite) resizes(t *testing.T, ctx context.Context) {
	v := s.view(t, ctx, "alice")
	s.look(t, ctx, v)
	if !v.Resizes {
		t.Skip("this display has one size")
	}
	for _, size := range []image.Point{image.Pt(1024, 700), image.Pt(1300, 800)} {
		within(t, ctx, v, func() error {
			if err := errors.Join(v.Resize(size), v.Ask(true)); err != nil {
				return err
			}
			for v.Picture.Rect.Size() != size {
				if _, err := v.Next(); err != nil {
					return err
				}
				if err := v.Ask(true); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

func (s *suite) twoViewers(t *testing.T, ctx context.Context) {
	first, second := s.view(t, ctx, "alice"), s.view(t, ctx, "alice")
	s.look(t, ctx, first)
	s.look(t, ctx, second)
	viewers := func(n int) func() error {
		return func() error {
			x, err := s.session(ctx, "alice")
			if err == nil && x.Clients != n {
				err = fmt.Errorf("%d viewers; want %d", x.Clients, n)
			}
			return err
		}
	}
	eventually(t, ctx, viewers(2))
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	eventually(t, ctx, viewers(1))
	s.look(t, ctx, second)
}

func (s *suite) idles(t *testing.T, ctx context.Context) {
	v := s.view(t, ctx, "alice")
	inputs := map[string]func() error{
		"the key":     func() error { return v.Key('a') },
		"the pointer": func() error { return errors.Join(v.Pointer(image.Pt(5, 5), 0), v.Pointer(image.Pt(90, 90), 0)) },
	}
	for name, input := range inputs {
		var before time.Duration
		eventually(t, ctx, func() error {
			x, err := s.session(ctx, "alice")
			before = x.Idle
			if err == nil && x.Idle < time.Second {
				err = fmt.Errorf("idle for %v", x.Idle)
			}
			return err
		})
		eventually(t, ctx, func() error {
			within(t, ctx, v, input) // again, if a busy machine took longer to answer than it was idle before
			x, err := s.session(ctx, "alice")
			if err == nil && x.Idle >= before {
				err = fmt.Errorf("idle for %v, and for %v before %s", x.Idle, before, name)
			}
			return err
		})
	}
}
