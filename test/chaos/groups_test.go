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

func (w *world) groups() []directory.Group {
	return view(w, func(ctx context.Context, tx *store.Tx) ([]directory.Group, error) {
		all, _, err := directory.Groups(ctx, tx, directory.GroupQuery{ProjectID: project, Page: workspace.Page{Limit: 1000}})
		return all, err
	})
}

// regroup makes a group, dissolves one, or puts people into one or takes them out.
func (w *world) regroup() {
	g, ok := pick(w, w.groups())
	if !ok || w.chance(8) && len(w.groups()) < mostGroups {
		w.serial++
		name := fmt.Sprintf("group-%d", w.serial)
		w.ask("make the group "+name, func(ctx context.Context) (string, error) {
			return w.service.Directory.CreateGroup(ctx, caller(), name, "")
		})
		return
	}
	if w.chance(8) {
		w.do("dissolve "+g.Name, func(ctx context.Context) error {
			return w.service.Assignments.DeleteGroups(ctx, caller(), []string{g.ID})
		})
		return
	}
	action := []directory.MemberAction{directory.AddToGroup, directory.AddToGroup, directory.RemoveFromGroup}[w.draw.IntN(3)]
	who := map[string]bool{}
	var ids, names []string
	for range 1 + w.draw.IntN(3) {
		if p := w.anyPerson(); !who[p.name] {
			who[p.name] = true
			ids, names = append(ids, p.visitor.ID), append(names, p.name)
		}
	}
	w.do(fmt.Sprintf("%s %v in %s", action, names, g.Name), func(ctx context.Context) error {
		return w.service.Assignments.ChangeMembers(ctx, caller(), g.ID, action, ids)
	})
}
