package directory

import (
	"time"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Service reads and lists users, groups, units and messages. Each method is one transaction. It is safe for concurrent use, also
// by several processes on one database.
type Service struct {
	Store store.Transactions
}

// User is someone who works in desktops. Administrators of the API are in package iam.
type User struct {
	ID                 string
	ProjectID          string
	Name               string // for signing in; unique in the project, ignoring case
	Account            string // login inside desktops, derived from the name; unique in the project. Empty in a new row: the store chooses one
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
	// PasswordNeverExpires exempts the user from the age that the project's rules allow a password.
	PasswordNeverExpires bool
	PasswordSet          time.Time // when the present password was chosen; zero: not known
	EnterpriseID         string
	Language             string // "en" or "zh", of the portal and of mails; empty: the browser's
	Created              time.Time
	Updated              time.Time

	Desktops    int    // number of assigned desktops; read, not stored
	SignInRules string // the project's, as package signin writes them; read with one user, not stored
}

// Activation says how a user gets a first password.
type Activation string

// The activations.
const (
	ActivateByUser  Activation = "USER_ACTIVATE"  // by a link in a mail
	ActivateByAdmin Activation = "ADMIN_ACTIVATE" // the administrator sets it
)

// UserQuery selects users of one project. Name and Description match in part, ignoring case.
type UserQuery struct {
	ProjectID    string
	IDs          []string
	Name         string
	Names        []string // exact, ignoring case
	Description  string
	Activation   Activation
	EnterpriseID string
	Disabled     *bool
	GroupID      string
	GroupName    string               // part of the name of one of their groups, ignoring case
	Visible      *workspace.Selection // those that the caller may see; nil: all
	workspace.Page
}

// Limits of user data, in characters.
const (
	MaxUserDescription = 255
	MaxAlias           = 64
	MaxPhone           = 32
)
