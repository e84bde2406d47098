package mail

import (
	"context"
	"errors"
	"fmt"
	"time"

	"carrel/internal/backoff"
	"carrel/internal/directory"
	"carrel/internal/store"
)

// afterFaults returns the delay after a number of failed attempts in a row: 30 delays add up to a day.
var afterFaults = backoff.Doubling{First: 30 * time.Second, Limit: time.Hour}

const mostTries = 31

// Permanent errors.
var (
	errNotNeeded = errors.New("no longer needed")
	errBadReader = errors.New("the address of the recipient is wrong")
	errRefused   = errors.New("the mail server refuses it for good")
)

// serverError is an error of the connection or the server rather than of one mail.
type serverError struct{ err error }

func (e *serverError) Error() string { return e.err.Error() }
func (e *serverError) Unwrap() error { return e.err }

// settle records the result of sending a mail in the store. If that fails, the mail is due again after its hold.
func (s *Sender) settle(ctx context.Context, m directory.Mail, sent error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeLimit)
	defer cancel()
	kind, tries := string(m.Kind), m.Tries+1
	fault := "" // of a mail that did not reach its reader
	note := func(tx *store.Tx) error {
		if err := directory.PutNotification(ctx, tx, directory.NotificationOf(m, fault, tx.Now())); err != nil {
			return err
		}
		return directory.DeleteMail(ctx, tx, m.ID)
	}
	log := s.log.With("mail_id", m.ID, "kind", kind, "user_id", m.UserID)
	switch {
	case sent == nil:
		s.metrics.sent.WithLabelValues(kind).Inc()
		fault = s.post.fault()
		log.InfoContext(ctx, "mail handed over")
	case errors.Is(sent, errNotNeeded):
		log.InfoContext(ctx, "mail is no longer needed", "reason", sent)
		fault = shorten(sent.Error())
		if m.Tries == 0 { // no attempt, so there is no record of it
			note = func(tx *store.Tx) error { return directory.DeleteMail(ctx, tx, m.ID) }
		}
	case errors.Is(sent, errBadReader), errors.Is(sent, errRefused), tries >= mostTries:
		s.metrics.failed.WithLabelValues(kind).Inc()
		s.metrics.dropped.WithLabelValues(kind).Inc()
		fault = shorten(sent.Error())
		log.ErrorContext(ctx, "mail given up", "to", m.To, "tries", tries, "error", sent)
	default:
		s.metrics.failed.WithLabelValues(kind).Inc()
		pause := afterFaults.Wait(m.Tries)
		log.WarnContext(ctx, "mail not sent, will be tried again", "tries", tries, "pause", pause, "error", sent)
		note = func(tx *store.Tx) error {
			fault = fmt.Sprintf("%s; it is tried again at %s", shorten(sent.Error()), tx.Now().Add(pause).UTC().Format(time.RFC3339))
			if err := directory.PutNotification(ctx, tx, directory.NotificationOf(m, fault, tx.Now())); err != nil {
				return err
			}
			return directory.PostponeMail(ctx, tx, m.ID, shorten(sent.Error()), tx.Now().Add(pause))
		}
	}
	if err := s.store.Update(ctx, note); err != nil {
		log.ErrorContext(ctx, "recording the result of a mail failed", "error", err)
	}
}

// shorten limits a server's response to a length that fits into a row.
func shorten(fault string) string {
	const most = 500
	if runes := []rune(fault); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return fault
}
