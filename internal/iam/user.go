package iam

import (
	"context"
	"fmt"
	"net/http"
	"regexp"

	"carrel/internal/iam/policy"
	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// maxUsers is the most users that an account may have.
const maxUsers = 2000

// NewUser describes a user to create.
type NewUser struct {
	Name        string
	Password    string // empty: the user has access keys only
	Description string
	Role        Role // empty: none
	Disabled    bool
}

// userName matches the names of users. They are no accounts in desktops, so nothing is reserved.
var userName = regexp.MustCompile(`^[\pL\pN][\pL\pM\pN _.@-]{0,63}$`)

func (u NewUser) check() error {
	if !userName.MatchString(u.Name) {
		return invalid("user.name", "%q is not allowed: use 1 to 64 letters, digits, spaces, hyphens, underscores, dots and @, beginning with a letter or digit", u.Name)
	}
	if err := checkDescription("user.description", u.Description); err != nil {
		return err
	}
	if u.Password == "" {
		return u.Role.check()
	}
	if err := signin.CheckPassword("user.password", u.Password, u.Name); err != nil {
		return err
	}
	return u.Role.check()
}

// check returns why a role is unknown, or nil.
func (r Role) check() error {
	if _, is := policy.BuiltIn(string(r)); r != "" && !is {
		return invalid("user.role", "%q is unknown, use one of GET /v3/roles or none", string(r))
	}
	return nil
}

// CreateUser creates a user in the caller's account. Of two callers with one name the unique index lets one through; the lock on the account
// keeps the number of users within the limit.
func (s *Service) CreateUser(ctx context.Context, c workspace.Caller, n NewUser) (Admin, error) {
	if err := n.check(); err != nil {
		return Admin{}, err
	}
	hash, err := s.hash(ctx, n.Password)
	if err != nil {
		return Admin{}, err
	}
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (Admin, error) {
		if err := LockAccount(ctx, tx, c.ProjectID); err != nil {
			return Admin{}, err
		}
		there, err := CountAdmins(ctx, tx, c.ProjectID)
		if err != nil {
			return Admin{}, err
		}
		if there >= maxUsers {
			return Admin{}, limited("the account has %d users, the most allowed; delete one first", there)
		}
		a := Admin{
			ID: newID(), AccountID: c.ProjectID, Name: n.Name, PasswordHash: hash, Role: n.Role, Description: n.Description,
			Enabled: !n.Disabled, Created: tx.Now(),
		}
		return a, nameTaken(InsertAdmin(ctx, tx, a), "user.name", n.Name)
	}))
}

// hash returns the hash of a password, or the one that was made before the transaction of the request (withHash).
func (s *Service) hash(ctx context.Context, password string) (string, error) {
	if password == "" {
		return "", nil
	}
	if made, is := ctx.Value(hashedKey{}).(hashed); is && made.password == password {
		return made.hash, nil
	}
	hash, err := s.Passwords.Hash(password)
	if err != nil {
		return "", fmt.Errorf("hashing a password: %w", err)
	}
	return hash, nil
}

// hashed is a password with its hash.
type hashed struct{ password, hash string }

type hashedKey struct{}

// withHash returns a request with the hash of the password that it is to set, so that no transaction waits for it. A password that is not allowed is
// not hashed.
func (s *Service) withHash(r *http.Request, name, password string) (*http.Request, error) {
	if password == "" || signin.CheckPassword("user.password", password, name) != nil {
		return r, nil
	}
	hash, err := s.hash(r.Context(), password)
	return r.WithContext(context.WithValue(r.Context(), hashedKey{}, hashed{password, hash})), err
}

// UserChange is a request to change a user. Nil fields stay as they are.
type UserChange struct {
	Name, Description, Password *string
	Role                        *Role
	Enabled                     *bool
}

// UpdateUser changes a user of the caller's account. A disabled user's tokens and temporary keys end at once, as they do with a new password;
// permanent keys are refused as long as the user is disabled. The last enabled administrator stays one: the lock on the account decides
// between callers who would each leave the other.
func (s *Service) UpdateUser(ctx context.Context, c workspace.Caller, id string, change UserChange) (Admin, error) {
	var hash string
	if change.Password != nil {
		err := signin.CheckPassword("user.password", *change.Password, "") // the name is compared below
		if err == nil {
			hash, err = s.hash(ctx, *change.Password)
		}
		if err != nil {
			return Admin{}, err
		}
	}
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (Admin, error) {
		a, err := lockUser(ctx, tx, c.ProjectID, id)
		if err != nil {
			return a, err
		}
		set(&a.Name, change.Name)
		set(&a.Description, change.Description)
		set(&a.Role, change.Role)
		set(&a.Enabled, change.Enabled)
		if err := (NewUser{Name: a.Name, Password: valueOf(change.Password), Description: a.Description, Role: a.Role}).check(); err != nil {
			return a, err
		}
		if err := nameTaken(SaveAdmin(ctx, tx, a), "user.name", a.Name); err != nil {
			return a, err
		}
		if change.Password != nil {
			if err := ReplacePassword(ctx, tx, a, hash); err != nil {
				return a, err
			}
		}
		if !a.Enabled {
			if err := EndCredentials(ctx, tx, a.ID); err != nil {
				return a, err
			}
		}
		return a, keepAdministrator(ctx, tx, c.ProjectID)
	}))
}

func valueOf[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// lockUser locks an account, whose permissions change, and a user of it, in this order.
func lockUser(ctx context.Context, tx *store.Tx, accountID, id string) (Admin, error) {
	if err := RaiseVersion(ctx, tx, accountID); err != nil {
		return Admin{}, err
	}
	a, err := LockAdmin(ctx, tx, accountID, id)
	return a, noneSuch(err, "user", id)
}

// DeleteUser deletes a user of the caller's account, with keys, tokens and memberships. The last enabled administrator cannot be deleted.
func (s *Service) DeleteUser(ctx context.Context, c workspace.Caller, id string) error {
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		a, err := lockUser(ctx, tx, c.ProjectID, id)
		if err != nil {
			return err
		}
		if err := DeleteAdmin(ctx, tx, a); err != nil {
			return err
		}
		return keepAdministrator(ctx, tx, c.ProjectID)
	}))
}
