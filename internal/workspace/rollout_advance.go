package workspace

func ByDesktop(members []Member) map[string]Member {
	all := make(map[string]Member, len(members))
	for _, m := range members {
		all[m.DesktopID] = m
	}
	return all
}
