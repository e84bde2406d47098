package desktop

import (
	"context"
	"strings"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// SettleHostNames makes the host names of desktops that are about to be inserted unique in the project: "lab_1" and "lab-1" are
// different computer names with the same host name. If a host name is taken, a requested one is refused (CodeNameTaken), and one
// derived from a computer name is replaced by one made of the desktop's id. The unique index decides between concurrent callers;
// the second chooses again.
func SettleHostNames(ctx context.Context, tx *store.Tx, projectID string, desktops []Desktop, asked func(i int) bool) error {
	names := make([]string, len(desktops))
	for i, d := range desktops {
		names[i] = d.HostName
	}
	found, err := TakenHostNames(ctx, tx, projectID, names)
	if err != nil {
		return err
	}
	taken := workspace.InLowerCase(found)
	for i := range desktops {
		if key := strings.ToLower(desktops[i].HostName); asked(i) {
			if taken[key] {
				return workspace.Errorf(workspace.CodeNameTaken, "desktops[%d].os_host_name: %q is in use", i, desktops[i].HostName)
			}
			taken[key] = true
		}
	}
	for i := range desktops {
		if asked(i) {
			continue
		}
		d := &desktops[i]
		if taken[strings.ToLower(d.HostName)] {
			d.HostName = workspace.HostNameOfID(d.ID)
		}
		taken[strings.ToLower(d.HostName)] = true
	}
	return nil
}
