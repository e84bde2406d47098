package user

import (
	"context"
	"time"
	"unicode/utf8"

	"carrel/internal/directory"
	"carrel/internal/signin"
	"carrel/internal/workspace"
)

// CreateUser asks for a new person.
type CreateUser struct {
	workspace.Caller
	Name               string
	Email              string
	Phone              string
	Alias              string
	Description        string
	Activation         directory.Activation // empty: USER_ACTIVATE
	Password           string               // with ADMIN_ACTIVATE; otherwise the person chooses one, and this is not looked at
	Expires            time.Time
	MayChangePassword  *bool // nil: yes
	MustChangePassword *bool // nil: yes with ADMIN_ACTIVATE
	EnterpriseID       string
	Domain             string
	GroupIDs           []string // the groups that they are put into
	CredentialsLater   bool     // neither mail address nor password must be there
	Unsupported        []string
	Unreadable         error // what could not be read of the request, if anything
}

// Check refuses what is wrong with the request by itself; now is the time against which an expiry is judged.
func (r *CreateUser) Check(now time.Time) error {
	if r.Unreadable != nil {
		return r.Unreadable
	}
	for _, field := range r.Unsupported {
		return workspace.Unsupported(field, "not offered here; leave it out")
	}
	if err := workspace.CheckUserName("user_name", r.Name); err != nil {
		return err
	}
	if err := signin.CheckUserTexts(r.Email, r.Description); err != nil {
		return err
	}
	if err := directory.CheckPhone("user_phone", r.Phone); err != nil {
		return err
	}
	switch {
	case utf8.RuneCountInString(r.Alias) > directory.MaxAlias:
		return workspace.Invalid("alias_name", "at most %d characters are allowed", directory.MaxAlias)
	case len(r.EnterpriseID) > workspace.MaxEnterpriseIDSize:
		return workspace.Invalid("enterprise_project_id", "at most %d characters are allowed", workspace.MaxEnterpriseIDSize)
	case !r.Expires.IsZero() && r.Expires.Before(now):
		return workspace.Invalid("account_expires", "%s is past", r.Expires.Format(time.RFC3339))
	}
	if err := directory.CheckGroupIDs(r.GroupIDs); err != nil {
		return err
	}
	switch r.Activation {
	case "", directory.ActivateByUser:
		if r.Email == "" && !r.CredentialsLater {
			return workspace.Invalid("user_email", "must be given with active_type USER_ACTIVATE: the link to choose a password goes there")
		}
	case directory.ActivateByAdmin:
		if r.Password == "" && r.CredentialsLater {
			break
		}
		if err := signin.CheckPassword("password", r.Password, r.Name); err != nil {
			return err
		}
	default:
		return signin.UnknownActivation(r.Activation)
	}
	return directory.CheckDomain("domain", r.Domain)
}

// CreateUser adds a person and returns their id. CodeNameTaken when the name is in use, whatever its case: the unique
// constraint decides between two callers.
func (s *Service) CreateUser(ctx context.Context, r CreateUser) (string, error) {
	ids, err := s.createUsers(ctx, r.Caller, []CreateUser{r}, func(int) string { return "" })
	if err != nil {
		return "", err
	}
	return ids[0], nil
}

// givesPassword says whether the person gets the request's password; one that is sent for somebody who is invited is left aside.
func (r *CreateUser) givesPassword() bool {
	return r.Activation == directory.ActivateByAdmin && r.Password != ""
}

func (r *CreateUser) user(hash string, now time.Time) directory.User {
	u := directory.User{
		ID: workspace.NewID(), ProjectID: r.ProjectID, Name: r.Name, Email: r.Email, Phone: r.Phone, Alias: r.Alias,
		Description: r.Description, Activation: r.Activation, PasswordHash: hash, Expires: r.Expires,
		MayChangePassword: true, EnterpriseID: r.EnterpriseID, Created: now, Updated: now,
	}
	if u.Activation == "" {
		u.Activation = directory.ActivateByUser
	}
	if u.EnterpriseID == "" {
		u.EnterpriseID = "0"
	}
	u.MustChangePassword = u.Activation == directory.ActivateByAdmin
	if r.MayChangePassword != nil {
		u.MayChangePassword = *r.MayChangePassword
	}
	if r.MustChangePassword != nil {
		u.MustChangePassword = *r.MustChangePassword
	}
	return u
}
