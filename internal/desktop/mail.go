package desktop

import (
	"encoding/json"
	"time"

	"carrel/internal/directory"
)

// DesktopMail tells a person about a desktop.
func DesktopMail(kind directory.MailKind, d Desktop, u directory.User, now time.Time) directory.Mail {
	data, err := json.Marshal(directory.DesktopMailData{DesktopName: d.Name})
	if err != nil {
		panic(err) // one plain string
	}
	m := directory.MailTo(u, kind, now)
	m.Data = data
	return m
}
