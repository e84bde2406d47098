package pool

import (
	"carrel/internal/desktop"
)

func ByDesktop(members []desktop.Member) map[string]desktop.Member {
	all := make(map[string]desktop.Member, len(members))
	for _, m := range members {
		all[m.DesktopID] = m
	}
	return all
}
