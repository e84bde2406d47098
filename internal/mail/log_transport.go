package mail

import (
	"context"
	"log/slog"

	"carrel/internal/directory"
	"carrel/internal/store"
)

// logTransport is used when mail is off: it writes messages to the log, without working links.
type logTransport struct{ log *slog.Logger }

func (p logTransport) open(context.Context) (line, error) { return logLine(p), nil }

func (p logTransport) linkFor(_ context.Context, _ *store.Tx, portal string, _ directory.User) (string, error) {
	return portal + firstPasswordPath + "<hidden>", nil
}

func (p logTransport) fault() string { return "mail is off: the message was only shown in the log" }

type logLine struct{ log *slog.Logger }

func (l logLine) send(msg message) error {
	l.log.Info("mail is off, this message is only shown here",
		"kind", string(msg.kind), "to", msg.to, "subject", msg.subject, "text", msg.text)
	return nil
}

func (l logLine) usable() bool { return true }

func (l logLine) close() {}
