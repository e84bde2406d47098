package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"carrel/internal/guest"
)

// message shows m in its sessions. A dialog stays until the user closes it; message does not wait for that.
func (d *desk) message(m guest.Message) error {
	if m.Title == "" && m.Text == "" {
		return errors.New("the message is empty")
	}
	d.mu.Lock()
	var to []*session
	for name, s := range d.sessions {
		if m.Account == "" || m.Account == name {
			to = append(to, s)
		}
	}
	d.mu.Unlock()
	if m.Account != "" && len(to) == 0 {
		return fmt.Errorf("the desktop has no account %q", m.Account)
	}
	var errs []error
	for _, s := range to {
		errs = append(errs, s.show(m))
	}
	return errors.Join(errs...)
}

// show starts the program that shows the message and returns.
func (s *session) show(m guest.Message) error {
	if !s.state().Display {
		return fmt.Errorf("the session of %q is not ready", s.login.Name)
	}
	args := messageArguments(m)
	c := s.command(nil, args[0], args[1:]...)
	dialog, err := c.StdinPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		return fmt.Errorf("showing a message to %q: %w", s.login.Name, err)
	}
	s.replace(m.ID, c)
	ctx, closed := context.WithCancel(context.Background())
	if m.Until.IsZero() {
		dialog.Close() // it needs no input; on an error it is gone already
	} else {
		go countDown(ctx, dialog, m.Until, c.Process.Kill)
	}
	go func() {
		if err := c.Wait(); err != nil {
			slog.Debug("a message was closed", "account", s.login.Name, "reason", err)
		}
		closed()
		s.forget(m.ID, c)
	}()
	return nil
}

// messageArguments returns the command that shows m: a dialog if it is urgent, otherwise a notification.
func messageArguments(m guest.Message) []string {
	if m.Urgent {
		return append([]string{
			"yad", "--image=dialog-warning", "--title=" + m.Title, "--text=" + m.Text, "--no-markup",
			"--button=OK:0", "--center", "--on-top", "--sticky", "--fixed", "--width=420", "--borders=16",
		}, countdownArguments(m)...)
	}
	title := m.Title
	if title == "" {
		title = "Message"
	}
	// Notifications may contain markup; a message is plain text.
	escaped := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(m.Text)
	return []string{"notify-send", "--app-name=Carrel", "--icon=dialog-information", "--", title, escaped}
}
