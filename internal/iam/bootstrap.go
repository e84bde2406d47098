package iam

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// First describes the account that Bootstrap creates.
type First struct {
	Region   string // also the project's name, as clients look it up by that
	Account  string // the domain's name
	User     string // the administrator's name
	Password string // empty: a random one
}

// Credentials are the first administrator's credentials.
type Credentials struct {
	DomainID, DomainName   string
	ProjectID, ProjectName string
	UserID, UserName       string
	Password               string // the first one
	AccessKey, SecretKey   string
}

const bootstrapContext = "bootstrap/password"

// Bootstrap creates an account, a project, an administrator and an access key in an empty store, in one transaction, and returns their
// credentials. If they exist it changes nothing and returns the same credentials, so that a process that died before it stored them can do so
// at its next start. Of two concurrent processes, both get those of the first.
func (s *Service) Bootstrap(ctx context.Context, f First) (Credentials, error) {
	c, err := s.firstCredentials(ctx)
	if !isMissing(err) {
		return c, err
	}
	if f.Password == "" {
		f.Password = randomPassword()
	}
	hash, err := s.Passwords.Hash(f.Password)
	if err != nil {
		return c, fmt.Errorf("hashing the first password: %w", err)
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) error { return s.bootstrap(ctx, tx, f, hash) })
	if err != nil && !errors.Is(err, ErrIdentityTaken) {
		return c, fmt.Errorf("making the first account: %w", err)
	}
	return s.firstCredentials(ctx)
}

// bootstrap writes the row that only one process can write first.
func (s *Service) bootstrap(ctx context.Context, tx *store.Tx, f First, hash string) error {
	account := Account{ID: newID(), Name: f.Account, Created: tx.Now()}
	project := Project{ID: newID(), AccountID: account.ID, Name: f.Region, Enabled: true, Created: tx.Now(), Agencies: allAgencies(tx.Now())}
	admin := Admin{ID: newID(), AccountID: account.ID, Name: f.User, PasswordHash: hash, Role: RoleAdmin, Enabled: true, Created: tx.Now()}
	key, _ := s.newKey(admin.ID, "made at the first start", tx.Now())
	if err := InsertAccount(ctx, tx, account); err != nil {
		return err
	}
	if err := tx.AddDefaultEnterprise(ctx, account.ID); err != nil {
		return err
	}
	if err := InsertProject(ctx, tx, project); err != nil {
		return err
	}
	if err := InsertAdmin(ctx, tx, admin); err != nil {
		return err
	}
	if err := InsertAccessKey(ctx, tx, key); err != nil {
		return err
	}
	return InsertBootstrap(ctx, tx, Bootstrap{
		AccountID: account.ID, ProjectID: project.ID, AdminID: admin.ID, AccessKey: key.ID,
		SealedPassword: s.Box.Seal(f.Password, bootstrapContext),
	})
}

// firstCredentials reads the credentials that Bootstrap created, or returns ErrNoIdentity. What was deleted or changed since stays empty.
func (s *Service) firstCredentials(ctx context.Context) (Credentials, error) {
	var (
		first   Bootstrap
		account Account
		project Project
		admin   Admin
		key     AccessKey
	)
	err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		if first, err = ReadBootstrap(ctx, tx); err != nil {
			return err
		}
		if account, err = ReadAccount(ctx, tx, first.AccountID); err != nil {
			return fmt.Errorf("reading the first account: %w", err)
		}
		if project, err = ReadProject(ctx, tx, first.AccountID, first.ProjectID); err != nil {
			return fmt.Errorf("reading the first project: %w", err)
		}
		if admin, err = ReadAdmin(ctx, tx, first.AccountID, first.AdminID); err != nil && !isMissing(err) {
			return err
		}
		if key, err = ReadAccessKey(ctx, tx, first.AccessKey); isMissing(err) {
			return nil
		}
		return err
	})
	if err != nil {
		return Credentials{}, err
	}
	c := Credentials{
		DomainID: account.ID, DomainName: account.Name, ProjectID: project.ID, ProjectName: project.Name,
		UserID: admin.ID, UserName: admin.Name, AccessKey: key.ID,
	}
	if admin.ID != "" && first.SealedPassword != "" {
		password, err := s.Box.Open(first.SealedPassword, bootstrapContext)
		if err != nil {
			return Credentials{}, fmt.Errorf("opening the first password: %w", err)
		}
		c.Password = string(password)
	}
	if key.ID == "" {
		return c, nil
	}
	secretKey, err := s.Box.Open(key.SealedSecret, keyContext(key.ID))
	if err != nil {
		return Credentials{}, fmt.Errorf("opening the first secret key: %w", err)
	}
	c.SecretKey = string(secretKey)
	return c, nil
}

// newID returns 32 random hexadecimal digits, the form of ids of accounts, projects and users.
func newID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return hex.EncodeToString(b[:])
}

// randomPassword has 128 random bits and a character of each class that password rules ask for.
func randomPassword() string { return "Aa1-" + workspace.NewToken()[:32] }
