package assignment

import (
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Users adds, imports, renames and deletes the users of desktops. Each method is one transaction; the work on machines is left to the
// job runner. Methods may be called concurrently, by several processes on one database.
type Users struct {
	Store     store.Transactions
	Passwords workspace.Passwords
	Box       workspace.Sealer // of passwords that wait to be hashed
}
