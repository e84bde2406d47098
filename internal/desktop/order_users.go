package desktop

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"carrel/internal/directory"
	"carrel/internal/quota"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// findOrAddPeople returns the user of each desktop, in order. Unknown users are added; if they have a mail address they get a
// mail with the link for their first password. CodeSettingOff, CodeQuotaExceeded.
func findOrAddPeople(ctx context.Context, tx *store.Tx, c workspace.Caller, a *quota.Allowance, desktops []NewDesktop) ([]directory.User, error) {
	if len(desktops) == 0 {
		return nil, nil
	}
	var names []string
	for _, d := range desktops {
		names = append(names, d.UserName)
	}
	known, _, err := directory.Users(ctx, tx, directory.UserQuery{ProjectID: c.ProjectID, Names: names, Page: workspace.Page{Limit: len(names)}})
	if err != nil {
		return nil, err
	}
	byName := make(map[string]directory.User, len(known))
	for _, u := range known {
		byName[strings.ToLower(u.Name)] = u
	}
	people := make([]directory.User, len(desktops))
	var added []directory.User
	for i, d := range desktops {
		key := strings.ToLower(d.UserName)
		u, ok := byName[key]
		if !ok {
			if err := a.MayCreateUser(fmt.Sprintf("desktops[%d].user_name", i), d.UserName); err != nil {
				return nil, err
			}
			u = NewUser(c.ProjectID, d, tx.Now())
			byName[key] = u
			added = append(added, u)
		}
		people[i] = u
	}
	if len(added) == 0 {
		return people, nil
	}
	if err := a.Admit(ctx, tx, quota.Amounts{quota.Users: int64(len(added))}); err != nil {
		return nil, err
	}
	if err := directory.InsertUsers(ctx, tx, added); err != nil {
		return nil, err
	}
	return people, directory.InsertMails(ctx, tx, directory.FirstPasswordMails(added, tx.Now()))
}

func NewUser(projectID string, d NewDesktop, now time.Time) directory.User {
	return directory.User{
		ID: workspace.NewID(), ProjectID: projectID, Name: d.UserName, Email: d.UserEmail, Phone: d.UserPhone,
		Activation: directory.ActivateByUser, MayChangePassword: true, EnterpriseID: workspace.DefaultEnterprise, Created: now, Updated: now,
	}
}

// GroupAssignment gives the current members of a group access to a desktop.
type GroupAssignment struct {
	DesktopID string
	GroupID   string
	GroupName string              // read with the group's row, as is People; not stored
	People    int                 // number of members
	Group     workspace.UserGroup // privilege of members who do not have the desktop themselves
	Created   time.Time
}

// DesktopMail returns a mail to a user about a desktop.
func DesktopMail(kind directory.MailKind, d Desktop, u directory.User, now time.Time) directory.Mail {
	data, err := json.Marshal(directory.DesktopMailData{DesktopName: d.Name})
	if err != nil {
		panic(err) // cannot fail: one plain string
	}
	m := directory.MailTo(u, kind, now)
	m.Data = data
	return m
}
