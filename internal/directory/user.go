package directory

import (
	"time"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Service reads and lists people, groups, units and messages. Each method is one transaction. Methods may be called concurrently, by several processes on one database.
type Service struct {
	Store store.Transactions
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
	workspace.Page
}

// Limits of what is known about a person, in characters.
const (
	MaxUserDescription = 255
	MaxAlias           = 64
	MaxPhone           = 32
)
