package chaos

import (
	"context"
	"fmt"

	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// mostGroups is how many groups of people there are at the most.
const mostGroups = 3

func (e *env) groups() []directory.Group {
	return view(e, func(ctx context.Context, tx *store.Tx) ([]directory.Group, error) {
		all, _, err := directory.Groups(ctx, tx, directory.GroupQuery{ProjectID: project, Page: workspace.Page{Limit: 1000}})
		return all, err
	})
}

// regroup makes a group, dissolves one, or puts people into one or takes them out.
func (e *env) regroup() {
	g, ok := pick(e, e.groups())
	if !ok || e.chance(8) && len(e.groups()) < mostGroups {
		e.serial++
		name := fmt.Sprintf("group-%d", e.serial)
		e.ask("make the group "+name, func(ctx context.Context) (string, error) {
			return e.service.Directory.CreateGroup(ctx, caller(), name, "")
		})
		return
	}
	if e.chance(8) {
		e.do("dissolve "+g.Name, func(ctx context.Context) error {
			return e.service.Assignments.DeleteGroups(ctx, caller(), []string{g.ID})
		})
		return
	}
	action := []directory.MemberAction{directory.AddToGroup, directory.AddToGroup, directory.RemoveFromGroup}[e.draw.IntN(3)]
	who := map[string]bool{}
	var ids, names []string
	for range 1 + e.draw.IntN(3) {
		if p := e.anyPerson(); !who[p.name] {
			who[p.name] = true
			ids, names = append(ids, p.visitor.ID), append(names, p.name)
		}
	}
	e.do(fmt.Sprintf("%s %v in %s", action, names, g.Name), func(ctx context.Context) error {
		return e.service.Assignments.ChangeMembers(ctx, caller(), g.ID, action, ids)
	})
}
