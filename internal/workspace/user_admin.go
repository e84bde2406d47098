package workspace

import (
	"context"
	"time"
	"unicode/utf8"
)

// CreateUser asks for a new person.
type CreateUser struct {
	Caller
	Name               string
	Email              string
	Phone              string
	Alias              string
	Description        string
	Activation         Activation // empty: USER_ACTIVATE
	Password           string     // with ADMIN_ACTIVATE
	Expires            time.Time
	MayChangePassword  *bool // nil: yes
	MustChangePassword *bool // nil: yes with ADMIN_ACTIVATE
	EnterpriseID       string
	Domain             string
	Unsupported        []string
}

// Check refuses what is wrong with the request by itself; now is the time against which an expiry is judged.
func (r *CreateUser) Check(now time.Time) error {
	for _, field := range r.Unsupported {
		return unsupported(field, "not offered here; leave it out")
	}
	if err := CheckUserName("user_name", r.Name, MaxLinuxUserName); err != nil {
		return err
	}
	if err := CheckEmail("user_email", r.Email); err != nil {
		return err
	}
	switch {
	case utf8.RuneCountInString(r.Description) > 255:
		return invalid("description", "at most 255 characters are allowed")
	case utf8.RuneCountInString(r.Alias) > 64:
		return invalid("alias_name", "at most 64 characters are allowed")
	case utf8.RuneCountInString(r.Phone) > 32:
		return invalid("user_phone", "at most 32 characters are allowed")
	case len(r.EnterpriseID) > MaxEnterpriseIDSize:
		return invalid("enterprise_project_id", "at most %d characters are allowed", MaxEnterpriseIDSize)
	case !r.Expires.IsZero() && r.Expires.Before(now):
		return invalid("account_expires", "%s is past", r.Expires.Format(time.RFC3339))
	}
	switch r.Activation {
	case "", ActivateByUser:
		if r.Password != "" {
			return invalid("password", "cannot be given with active_type USER_ACTIVATE: the person chooses it through the mailed link")
		}
		if r.Email == "" {
			return invalid("user_email", "must be given with active_type USER_ACTIVATE: the link to choose a password goes there")
		}
	case ActivateByAdmin:
		if err := CheckPassword("password", r.Password, r.Name); err != nil {
			return err
		}
	default:
		return invalid("active_type", "%q is unknown, use USER_ACTIVATE or ADMIN_ACTIVATE", r.Activation)
	}
	return checkDomain("domain", r.Domain)
}

// CreateUser adds a person and returns their id. CodeNameTaken when the name is in use, whatever its case: the unique
// constraint decides between two callers.
func (s *Service) CreateUser(ctx context.Context, r CreateUser) (string, error) {
	var hash string
	if r.Password != "" {
		if err := CheckPassword("password", r.Password, r.Name); err != nil {
			return "", err
		}
		var err error
		if hash, err = s.Passwords.Hash(r.Password); err != nil { // slow on purpose: outside the transaction
			return "", err
		}
	}
	return update(ctx, s.Store, func(tx Tx) (string, error) {
		if err := r.Check(tx.Now()); err != nil {
			return "", err
		}
		if err := requireSubscription(ctx, tx, r.ProjectID); err != nil {
			return "", err
		}
		u := r.user(hash, tx.Now())
		if err := tx.InsertUsers(ctx, []User{u}); err != nil {
			return "", err
		}
		return u.ID, tx.InsertMails(ctx, firstPasswordMails([]User{u}, tx.Now()))
	})
}

func (r *CreateUser) user(hash string, now time.Time) User {
	u := User{
		ID: NewID(), ProjectID: r.ProjectID, Name: r.Name, Email: r.Email, Phone: r.Phone, Alias: r.Alias,
		Description: r.Description, Activation: r.Activation, PasswordHash: hash, Expires: r.Expires,
		MayChangePassword: true, EnterpriseID: r.EnterpriseID, Created: now, Updated: now,
	}
	if u.Activation == "" {
		u.Activation = ActivateByUser
	}
	if u.EnterpriseID == "" {
		u.EnterpriseID = "0"
	}
	u.MustChangePassword = u.Activation == ActivateByAdmin
	if r.MayChangePassword != nil {
		u.MayChangePassword = *r.MayChangePassword
	}
	if r.MustChangePassword != nil {
		u.MustChangePassword = *r.MustChangePassword
	}
	return u
}

// User reads one person, or fails with CodeUserNotFound.
func (s *Service) User(ctx context.Context, projectID, id string) (User, error) {
	return view(ctx, s.Store, func(tx Tx) (User, error) { return tx.User(ctx, projectID, id) })
}

// ListUsers reads a page of people and counts all that match.
func (s *Service) ListUsers(ctx context.Context, q UserQuery) ([]User, int, error) {
	return list(ctx, s.Store, func(tx Tx) ([]User, int, error) { return tx.Users(ctx, q) })
}

// DeleteUser removes a person, and with them their assignments, sign-ins and tickets, in one transaction; a job takes the
// accounts out of the desktops that they had. CodeUserNotFound when there is nobody.
func (s *Service) DeleteUser(ctx context.Context, c Caller, id string) error {
	return s.Store.Update(ctx, func(tx Tx) error {
		u, err := tx.LockUser(ctx, c.ProjectID, id)
		if err != nil {
			return err
		}
		desktops, _, err := tx.Desktops(ctx, DesktopQuery{ProjectID: c.ProjectID, UserID: id, Page: Page{Limit: u.Desktops}})
		if err != nil {
			return err
		}
		if err := tx.DeleteUser(ctx, id); err != nil || len(desktops) == 0 {
			return err
		}
		job := Job{ID: NewID(), ProjectID: c.ProjectID, Type: JobDetachDesktops, RequestID: c.RequestID, Created: tx.Now()}
		for _, d := range desktops {
			job.SubJobs = append(job.SubJobs, job.subJob(d, struct{}{}))
		}
		return tx.InsertJob(ctx, job)
	})
}
