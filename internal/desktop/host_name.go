package desktop

import (
	"context"
	"strings"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// SettleHostNames makes the host names of desktops that are about to be written ones that no other desktop of the project has: "lab_1"
// and "lab-1" are different computer names with the same host name. One that a request asks for is refused when it is taken
// (CodeNameTaken), one that was made of a computer name is made of the desktop's id instead. The unique index decides between two
// callers, of whom the second chooses again.
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
