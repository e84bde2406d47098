package pool

import (
	"carrel/internal/workspace"
)

func ByDesktop(members []workspace.Member) map[string]workspace.Member {
	all := make(map[string]workspace.Member, len(members))
	for _, m := range members {
		all[m.DesktopID] = m
	}
	return all
}
