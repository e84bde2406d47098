package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os/exec"
	"time"

	"carrel/internal/guest"
)

// replace makes c the command that shows the message with an id in this session, and ends the previous one.
func (s *session) replace(id string, c *exec.Cmd) {
	if id == "" {
		return
	}
	s.mu.Lock()
	former := s.shown[id]
	if s.shown == nil {
		s.shown = map[string]*exec.Cmd{}
	}
	s.shown[id] = c
	s.mu.Unlock()
	if former == nil {
		return
	}
	if err := former.Process.Kill(); err != nil {
		slog.Debug("a message was closed before it was replaced", "account", s.login.Name, "reason", err)
	}
}

// forget removes a command that no longer shows the message with an id.
func (s *session) forget(id string, c *exec.Cmd) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shown[id] == c {
		delete(s.shown, id)
	}
}

// countDown writes the time left to a dialog every second, and closes it at the end. It returns when the context ends, or the
// dialog is closed.
func countDown(ctx context.Context, dialog io.WriteCloser, until time.Time, end func() error) {
	defer dialog.Close() // the dialog may be gone already
	whole := time.Until(until)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for left := whole; left > 0; left = time.Until(until) {
		if _, err := io.WriteString(dialog, progressLines(left, whole)); err != nil {
			return // the user closed it
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
	if err := end(); err != nil {
		slog.Debug("a countdown was closed before it ended", "reason", err)
	}
}

// progressLines returns the share of the time left in the dialog's input format.
func progressLines(left, whole time.Duration) string {
	seconds := int(left.Round(time.Second) / time.Second)
	return fmt.Sprintf("%d\n#%d:%02d:%02d\n", min(int(100*left/max(whole, 1)), 99), seconds/3600, seconds/60%60, seconds%60)
}

// countdownArguments returns a dialog's arguments for showing the time left.
func countdownArguments(m guest.Message) []string {
	if m.Until.IsZero() {
		return nil
	}
	return []string{"--progress", "--percentage=99"}
}
