package main

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"carrel/internal/guest"
)

// running is a desk with one session that no program runs in.
func running(t *testing.T, account string) (*desk, *session) {
	t.Helper()
	s, _ := testSystem(t)
	d := newDesk(s)
	one := &session{login: login{Name: account}, notify: d.notify, now: guest.Session{Account: account}}
	d.sessions[account] = one
	return d, one
}

func TestACommandReachesASupervisorThatStartsLater(t *testing.T) {
	d, _ := running(t, "ann")
	socket := filepath.Join(t.TempDir(), "run", "control")
	type result struct {
		answer answer
		err    error
	}
	got := make(chan result, 1)
	go func() {
		a, err := call(socket, request{Do: doStatus})
		got <- result{a, err}
	}()
	l, err := listen(socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go d.answerAll(t.Context(), l)
	r := <-got
	if r.err != nil || r.answer.Status == nil || len(r.answer.Status.Sessions) != 1 {
		t.Errorf("got %+v", r)
	}
}

func TestASupervisorTakesOverASocketThatIsLeft(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "control")
	for range 2 {
		l, err := listen(socket)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
	}
}

func TestAwait(t *testing.T) {
	t.Run("EndsWhenTheDisplayAnswersNotBefore", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d, one := running(t, "ann")
			ended := awaiting(t, d, "ann", false)
			one.update(func(now *guest.Session) { now.Clients = 1 })
			stillAwaiting(t, ended)
			one.update(func(now *guest.Session) { now.Display = true })
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	})
	t.Run("ForThePanelOutlastsTheDisplay", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d, one := running(t, "ann")
			ended := awaiting(t, d, "ann", true)
			one.update(func(now *guest.Session) { now.Display = true })
			stillAwaiting(t, ended)
			one.update(func(now *guest.Session) { now.Panel = true })
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	})
	t.Run("WithoutAnAccountEndsWhenTheDocumentIsCarriedOut", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d, _ := running(t, "ann")
			ended := awaiting(t, d, "", false)
			stillAwaiting(t, ended)
			d.update(func() { d.applied = true })
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	})
	t.Run("TellsWhatWentWrong", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d, _ := running(t, "ann")
			wrong := errors.New("no route")
			ended := awaiting(t, d, "", false)
			d.update(func() { d.failure = wrong })
			if err := <-ended; !errors.Is(err, wrong) {
				t.Errorf("got %v", err)
			}
		})
	})
	t.Run("RefusesAnAccountThatTheDocumentDoesNotName", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d, _ := running(t, "ann")
			ended := awaiting(t, d, "bob", false)
			stillAwaiting(t, ended) // the document may still bring them
			d.update(func() { d.applied = true })
			if err := <-ended; err == nil || !strings.Contains(err.Error(), "bob") {
				t.Errorf("got %v", err)
			}
		})
	})
	t.Run("EndsWithItsCaller", func(t *testing.T) {
		d, _ := running(t, "ann")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := d.await(ctx, "ann", false); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

func awaiting(t *testing.T, d *desk, account string, panel bool) <-chan error {
	ended := make(chan error, 1)
	go func() { ended <- d.await(t.Context(), account, panel) }()
	synctest.Wait()
	return ended
}

func stillAwaiting(t *testing.T, ended <-chan error) {
	t.Helper()
	synctest.Wait()
	select {
	case err := <-ended:
		t.Fatalf("it ended too early: %v", err)
	default:
	}
}

func TestAMessageNeedsSomebodyAndSomething(t *testing.T) {
	d, _ := running(t, "ann")
	for _, m := range []guest.Message{{}, {Account: "bob", Text: "hello"}, {Account: "ann", Text: "hello"}} {
		if err := d.message(m); err == nil {
			t.Errorf("%+v was accepted, but there is no display to show it on", m)
		}
	}
}

func TestAMessageIsShownAsPlainText(t *testing.T) {
	args := messageArguments(guest.Message{Title: "-x", Text: "a < b & c"})
	if got := args[len(args)-1]; got != "a &lt; b &amp; c" {
		t.Errorf("got %q", got)
	}
	if got := args[len(args)-3]; got != "--" {
		t.Errorf("a title could be read as an option: %q", args)
	}
	args = messageArguments(guest.Message{Title: "Stop", Text: "<b>now</b>", Urgent: true})
	if args[0] != "yad" || !strings.Contains(strings.Join(args, " "), "--no-markup") {
		t.Errorf("got %q", args)
	}
}

func TestTheDesktopIsAsIdleAsItsBusiestSession(t *testing.T) {
	got := leastIdle([]guest.Session{{Idle: time.Hour}, {Idle: time.Minute}, {Idle: 2 * time.Hour}})
	if got != time.Minute {
		t.Errorf("got %v", got)
	}
	if got := leastIdle(nil); got != 0 {
		t.Errorf("nobody: got %v", got)
	}
}

func TestOnlyConnectionsToTheDisplayCountAsViewers(t *testing.T) {
	const table = `Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 1000 /run/carrel/ann/rfb
0000000000000000: 00000003 00000000 00000000 0001 03 1001 /run/carrel/ann/rfb
0000000000000000: 00000003 00000000 00000000 0001 03 1002 /run/carrel/ann/rfb
0000000000000000: 00000003 00000000 00000000 0001 03 1003
0000000000000000: 00000003 00000000 00000000 0001 03 1004 /run/carrel/anna/rfb
`
	if got := connectionsTo(table, "/run/carrel/ann/rfb"); got != 2 {
		t.Errorf("got %d", got)
	}
}

func TestADisplayListensOnNoNetwork(t *testing.T) {
	args := strings.Join(displayArguments(login{Name: "ann", UID: 1002}, 2048), " ")
	for _, must := range []string{"Xvnc :3 ", "-rfbport -1", "-nolisten tcp", "-rfbunixmode 0600", "-auth /run/carrel/ann/"} {
		if !strings.Contains(args, must) {
			t.Errorf("%q is missing in %q", must, args)
		}
	}
}
