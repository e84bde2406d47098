package user

import (
	"context"
	"time"
	"unicode/utf8"

	"carrel/internal/directory"
	"carrel/internal/signin"
	"carrel/internal/workspace"
)

// CreateUser is a request to add a user.
type CreateUser struct {
	workspace.Caller
	Name               string
	Email              string
	Phone              string
	Alias              string
	Description        string
	Activation         directory.Activation // empty: USER_ACTIVATE
	Password           string               // for ADMIN_ACTIVATE; otherwise ignored, since the user chooses one
	Expires            time.Time
	MayChangePassword  *bool // nil: true
	MustChangePassword *bool // nil: true with ADMIN_ACTIVATE
	EnterpriseID       string
	Domain             string
	GroupIDs           []string // the groups to add the user to
	CredentialsLater   bool     // mail address and password may both be missing
	Unreadable         error    // an error from decoding the request
	Rules              signin.PasswordRules
}

// Check validates the request on its own; now is the time that the expiry is compared with.
func (r *CreateUser) Check(now time.Time) error {
	if r.Unreadable != nil {
		return r.Unreadable
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
		if err := r.Rules.Check("password", r.Password, r.Name); err != nil {
			return err
		}
	default:
		return signin.UnknownActivation(r.Activation)
	}
	return directory.CheckDomain("domain", r.Domain)
}

// CreateUser adds a user and returns the id. CodeNameTaken if the name is in use, ignoring case: a unique constraint decides
// between concurrent callers.
func (s *Service) CreateUser(ctx context.Context, r CreateUser) (string, error) {
	ids, err := s.createUsers(ctx, r.Caller, []CreateUser{r}, func(int) string { return "" })
	if err != nil {
		return "", err
	}
	return ids[0], nil
}

// givesPassword reports whether the user gets the request's password; that of a user who is invited is ignored.
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
		u.EnterpriseID = workspace.DefaultEnterprise
	}
	u.MustChangePassword = u.Activation == directory.ActivateByAdmin
	if r.givesPassword() {
		u.PasswordSet = now
	}
	if r.MayChangePassword != nil {
		u.MayChangePassword = *r.MayChangePassword
	}
	if r.MustChangePassword != nil {
		u.MustChangePassword = *r.MustChangePassword
	}
	return u
}
