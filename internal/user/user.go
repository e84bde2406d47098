// Package user is the life of users: adding, importing, renaming and deleting them, together with what becomes of their desktops.
package user

import (
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Service adds, imports, renames and deletes the users of desktops. Each method is one transaction; the job runner does the work
// on machines. It is safe for concurrent use, also by several processes on one database.
type Service struct {
	Store     store.Transactions
	Passwords workspace.Passwords
	Box       workspace.Sealer // for passwords that wait to be hashed
}
