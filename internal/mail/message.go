package mail

import (
	"context"
	"encoding/json"
	"fmt"
	"net/mail"
	"strings"
	"time"
	"unicode"

	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// linkLife is how long the link for a first password is valid.
const linkLife = 72 * time.Hour

// message is a composed mail. Its one-line fields contain no control characters.
type message struct {
	id      string
	kind    directory.MailKind
	to      string
	subject string
	text    string
	html    string
}

// compose composes a mail for its recipient. It returns errNotNeeded or errBadReader if it should not be sent.
func (s *Sender) compose(ctx context.Context, m directory.Mail) (message, error) {
	ctx, cancel := context.WithTimeout(ctx, storeLimit)
	defer cancel()
	var c content
	var to, language string
	err := s.store.Update(ctx, func(tx *store.Tx) error {
		reader, err := directory.ReadUser(ctx, tx, "", m.UserID)
		gone := workspace.CodeOf(err) == workspace.CodeUserNotFound
		if err != nil && !gone {
			return fmt.Errorf("reading who the mail is for: %w", err)
		}
		c, err = s.contentOf(ctx, tx, m, reader, gone)
		to, language = m.To, reader.Language
		if reader.Email != "" {
			to = reader.Email // it may have been corrected since
		}
		return err
	})
	if err != nil {
		return message{}, err
	}
	if to, err = checkAddress(to); err != nil {
		return message{}, err
	}
	l, own, err := s.texts.write(m.Kind, language, c)
	if own != nil {
		s.metrics.templateFaults.Set(float64(max(1, len(s.texts.faults)))) // until the templates change
		s.log.ErrorContext(ctx, "invalid mail template, using the built-in one", "mail_id", m.ID, "error", own)
	}
	if err != nil {
		return message{}, fmt.Errorf("writing the mail: %w", err)
	}
	l.id, l.to = m.ID, to
	return l, nil
}

func (s *Sender) contentOf(ctx context.Context, tx *store.Tx, m directory.Mail, reader directory.User, gone bool) (content, error) {
	c := content{User: oneLine(reader.Name), SignInName: oneLine(reader.Name), Portal: s.portal + "/"}
	if reader.Alias != "" {
		c.User = oneLine(reader.Alias)
	}
	if m.Kind != directory.MailFirstPassword && m.Kind != directory.MailPasswordReset {
		var data directory.DesktopMailData
		if err := json.Unmarshal(m.Data, &data); err != nil {
			return content{}, fmt.Errorf("reading the data of the mail: %w", err)
		}
		c.Desktop = oneLine(data.DesktopName)
		return c, nil
	}
	switch {
	case gone:
		return content{}, fmt.Errorf("%w: the user was deleted", errNotNeeded)
	case reader.PasswordHash != "" && m.Kind == directory.MailFirstPassword:
		return content{}, fmt.Errorf("%w: the user has a password", errNotNeeded)
	case reader.PasswordHash != "" && !reader.MustChangePassword:
		return content{}, fmt.Errorf("%w: the user has chosen a new password", errNotNeeded)
	}
	c.Hours = int(linkLife.Hours())
	var err error
	c.Link, err = s.post.linkFor(ctx, tx, s.portal, reader)
	return c, err
}

// checkAddress returns the address if it is a single address that is valid in an SMTP envelope, else errBadReader.
func checkAddress(address string) (string, error) {
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address || strings.ContainsFunc(address, unicode.IsControl) {
		return "", fmt.Errorf("%w: %q", errBadReader, address)
	}
	return address, nil
}

// oneLine makes each run of white space and control characters one space.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
}
