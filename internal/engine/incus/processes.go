package incus

import (
	"context"
	"fmt"
	"strconv"

	"github.com/lxc/incus/v6/shared/api"

	"carrel/internal/engine"
)

// LimitProcesses limits the processes and threads of a container. If it runs, the limit applies immediately.
func (e *Engine) LimitProcesses(ctx context.Context, id string, n int) error {
	doing := "limiting the processes of " + id
	if n < 1 {
		return fmt.Errorf("%s: %w: %d processes", doing, engine.ErrInvalid, n)
	}
	s, err := e.connect(ctx)
	if err != nil {
		return err
	}
	err = unraced(func() error {
		found, err := find(ctx, s, id)
		if err != nil || isVM(found) || number(found.Config[processesKey], "") == n {
			return err
		}
		return e.change(s, found, "", api.ConfigMap{processesKey: strconv.Itoa(n)}, nil)
	})
	return translate(ctx, doing, err)
}
