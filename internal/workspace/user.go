package workspace

import (
	"context"
	"time"
)

// DirectoryService reads and lists people, groups and messages. Each method is one
// transaction; the work on machines is left to the job runner. Methods may be called concurrently, by several processes on one database.
type DirectoryService struct {
	Store Store
}

// User is a person who works in desktops. Administrators of the API are package iam's affair.
type User struct {
	ID                 string
	ProjectID          string
	Name               string // with which they sign in; unique in the project whatever its case
	Account            string // their login inside desktops, made of the name; unique in the project. Empty in a new row: the store finds one
	Email              string
	Phone              string
	Alias              string
	Description        string
	Activation         Activation
	PasswordHash       string    // empty until a first password is set
	Expires            time.Time // zero: never
	Locked             bool
	Disabled           bool
	MayChangePassword  bool
	MustChangePassword bool // at the next sign-in
	// PasswordNeverExpires exempts from the expiry of passwords, which Carrel does not have: it is kept for clients that read it.
	PasswordNeverExpires bool
	EnterpriseID         string
	Language             string // "en" or "zh": of the portal and of mails; empty: the browser's
	Created              time.Time
	Updated              time.Time

	Desktops int // how many are assigned; read, not stored
}

// Activation says how a user gets a first password.
type Activation string

// The ways.
const (
	ActivateByUser  Activation = "USER_ACTIVATE"  // by a link in a mail
	ActivateByAdmin Activation = "ADMIN_ACTIVATE" // the administrator sets it
)

// UserQuery selects users of one project. Name and Description match in part, whatever their case.
type UserQuery struct {
	ProjectID    string
	IDs          []string
	Name         string
	Names        []string // exact, whatever their case
	Description  string
	Activation   Activation
	EnterpriseID string
	Disabled     *bool
	GroupID      string
	GroupName    string // part of the name of a group that they are in, whatever its case
	Page
}

// UserRows is what the domain asks of the store about people.
type UserRows interface {
	// InsertUsers fails with CodeNameTaken, naming the name.
	InsertUsers(ctx context.Context, users []User) error

	// ReadUser fails with CodeUserNotFound. LockUser also holds the row until the transaction ends.
	ReadUser(ctx context.Context, projectID, id string) (User, error)
	LockUser(ctx context.Context, projectID, id string) (User, error)

	// UserByName finds a user whatever the name's case. An empty projectID searches all; CodeUserNotFound when there is
	// none or, then, more than one.
	UserByName(ctx context.Context, projectID, name string) (User, error)

	Users(ctx context.Context, q UserQuery) ([]User, int, error)

	// FreeAccount finds a login inside desktops for a person who is renamed, which nobody in the project has.
	FreeAccount(ctx context.Context, projectID, name string) (string, error)

	// SaveUser writes every field but the identity. CodeNameTaken; CodeConflict when the account was given to somebody else meanwhile.
	SaveUser(ctx context.Context, u User) error

	// DeleteUser removes the user with assignments, sign-in sessions, tickets, tokens, grants and places on waiting lists. Bindings are
	// ended before, by EndBindings. A missing row is a success.
	DeleteUser(ctx context.Context, id string) error
}
