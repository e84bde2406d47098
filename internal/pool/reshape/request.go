package reshape

import (
	"carrel/internal/pool"
	"carrel/internal/workspace"
)

// ResizePool is a request for another product for a pool's desktops.
type ResizePool struct {
	pool.ChangePoolDesktops
	ProductID string
	Mode      string // STOP_DESKTOP stops running desktops, empty refuses them
}

// Check validates the request on its own, without the database.
func (r *ResizePool) Check() error {
	switch {
	case r.ProductID == "":
		return workspace.Invalid("product_id", "must not be empty")
	case r.Mode != "" && r.Mode != "STOP_DESKTOP":
		return workspace.Invalid("mode", "%q is unknown, use STOP_DESKTOP or leave it out", r.Mode)
	}
	return r.ChangePoolDesktops.Check()
}
