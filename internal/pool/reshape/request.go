package reshape

import (
	"carrel/internal/pool"
	"carrel/internal/workspace"
)

// ResizePool asks for another product for a pool's desktops.
type ResizePool struct {
	pool.ChangePoolDesktops
	ProductID string
	Mode      string // STOP_DESKTOP to stop those that run, empty to refuse them
}

// Check refuses what is wrong with the request by itself.
func (r *ResizePool) Check() error {
	switch {
	case r.ProductID == "":
		return workspace.Invalid("product_id", "must not be empty")
	case r.Mode != "" && r.Mode != "STOP_DESKTOP":
		return workspace.Invalid("mode", "%q is unknown, use STOP_DESKTOP or leave it out", r.Mode)
	}
	return r.ChangePoolDesktops.Check()
}
