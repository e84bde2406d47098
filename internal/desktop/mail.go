package desktop

import (
	"encoding/json"
	"time"

	"carrel/internal/workspace"
)

// DesktopMail tells a person about a desktop.
func DesktopMail(kind workspace.MailKind, d Desktop, u workspace.User, now time.Time) workspace.Mail {
	data, err := json.Marshal(workspace.DesktopMailData{DesktopName: d.Name})
	if err != nil {
		panic(err) // one plain string
	}
	m := workspace.MailTo(u, kind, now)
	m.Data = data
	return m
}
