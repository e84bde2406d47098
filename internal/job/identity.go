package job

import (
	"context"
	"fmt"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Identify returns the id of the installation. If it has none, it gets the id that the machines of its desktops are marked with,
// so that a backup from before the id was stored still owns them, or else a new one. Several processes may call it at once; the
// database's one row decides.
func Identify(ctx context.Context, s store.Transactions, e engine.Engine) (string, error) {
	var id string
	err := s.View(ctx, func(tx *store.Tx) (err error) {
		id, err = catalog.Installation(ctx, tx)
		return err
	})
	if err != nil || id != "" {
		return id, err
	}
	machines, err := e.List(ctx)
	if err != nil {
		return "", fmt.Errorf("listing machines: %w", err)
	}
	rows, err := allDesktops(ctx, s)
	if err != nil {
		return "", err
	}
	id = carriedBy(rows, machines)
	if id == "" {
		id = workspace.NewID()
	}
	err = s.Update(ctx, func(tx *store.Tx) (err error) {
		id, err = catalog.PutInstallation(ctx, tx, id)
		return err
	})
	return id, err
}

// carriedBy returns the installation that the machines of the desktops are marked with, or "" if they have none or several.
func carriedBy(rows []desktop.DesktopState, machines []engine.Machine) string {
	known := make(map[string]bool, len(rows))
	for _, d := range rows {
		known[d.ID] = true
	}
	id := ""
	for _, m := range machines {
		switch {
		case !known[m.ID] || m.Installation == "" || m.Installation == id:
		case id == "":
			id = m.Installation
		default:
			return ""
		}
	}
	return id
}
