package rollout

import (
	"carrel/internal/rollout/progress"
	"carrel/internal/store"
)

// Service gives a pool's desktops another image, or the previous one. Each method is one transaction; the job runner does the
// work on machines. It is safe for concurrent use, also by several processes on one database.
type Service struct {
	Store  store.Transactions
	Limits progress.Limits
}
