package rollout

import (
	"carrel/internal/rollout/progress"
	"carrel/internal/store"
)

// Service brings a pool's desktops to another image, or back. Each method is one
// transaction; the work on machines is left to the job runner. Methods may be called concurrently, by several processes on one database.
type Service struct {
	Store  store.Transactions
	Limits progress.Limits
}
