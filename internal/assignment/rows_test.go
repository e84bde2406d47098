package assignment_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"carrel/internal/assignment"
	"carrel/internal/assignment/plan"
	"carrel/internal/desktop"
	"carrel/internal/desktop/desktoptest"
	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

// pair gives a desktop to a person, or with a name that starts with "@" to a group.
func pair(desktopID, holder string, group workspace.UserGroup) plan.Pair {
	if id, ok := strings.CutPrefix(holder, "@"); ok {
		return plan.Pair{DesktopID: desktopID, Type: plan.HolderGroup, HolderID: id, Group: group}
	}
	return plan.Pair{DesktopID: desktopID, Type: plan.HolderUser, HolderID: holder, Group: group}
}

func (e *env) assign(pairs ...plan.Pair) {
	e.Helper()
	e.Update(func(tx *store.Tx) error { return assignment.Assign(e.Context(), tx, pairs) })
}

// holdings says who may use desktops, as words like "ann!" for one who may administer it.
func (e *env) holdings(userIDs []string, desktopIDs ...string) string {
	e.Helper()
	all := storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]desktop.Assignment, error) {
		return assignment.Holdings(ctx, tx, desktopIDs, userIDs)
	})
	var words []string
	for _, a := range all {
		word := a.UserName
		if a.Group.Admin() {
			word += "!"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// lab is a shared desktop of ann's and of a group with ben and cara in it.
func (e *env) lab() string {
	e.Helper()
	for _, name := range []string{"ann", "ben", "cara", "dora"} {
		e.AddUsers(directory.User{ID: name, ProjectID: storetest.Project, Name: name})
	}
	e.AddGroups(desktoptest.NewGroup("g", "Lab"), desktoptest.NewGroup("h", "Heads"))
	e.Join("g", "ben", "cara")
	d := e.AddDesktop("lab")
	e.assign(pair(d.ID, "ann", workspace.GroupSudo), pair(d.ID, "@g", workspace.GroupDefault))
	return d.ID
}

var assignments = map[string]func(*env){
	"who may use a desktop follows its groups, and nobody is listed twice": func(e *env) {
		id := e.lab()
		e.Same(e.holdings(nil, id), "ann! ben cara")
		e.Same(e.holdings([]string{"cara", "dora"}, id), "cara")
		e.Join("g", "ann", "dora")
		e.Join("h", "ben", "ann")
		e.assign(pair(id, "@h", workspace.GroupSudo), pair(id, "@g", workspace.GroupSudo)) // the latter is there, and stays as it is
		e.Same(e.holdings(nil, id), "ann! ben! cara dora")
		e.Update(func(tx *store.Tx) error {
			return assignment.Regroup(e.Context(), tx, []plan.Pair{pair(id, "ann", workspace.GroupDefault)})
		})
		e.Same(e.holdings(nil, id), "ann ben! cara dora")
		e.Update(func(tx *store.Tx) error { return directory.RemoveMembers(e.Context(), tx, "g", []string{"cara"}) })
		e.Update(func(tx *store.Tx) error { return directory.DeleteGroup(e.Context(), tx, desktoptest.NewGroup("h", "")) })
		e.Same(e.holdings(nil, id), "ann ben dora")
		e.Update(func(tx *store.Tx) error {
			return assignment.Unassign(e.Context(), tx, []plan.Pair{pair(id, "@g", ""), pair(id, "dora", ""), pair(id, "@missing", "")})
		})
		e.Same(e.holdings(nil, id), "ann")
	},
	"a desktop is read with its groups and how many people they have": func(e *env) {
		id := e.lab()
		e.Same(e.Desktop(id).GroupAssignments, []desktop.GroupAssignment{
			{DesktopID: id, GroupID: "g", GroupName: "Lab", People: 2, Group: workspace.GroupDefault, Created: e.Clock.Now()},
		})
		e.Same(len(e.Desktop(id).Assignments), 1)
		e.Same(storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]string, error) {
			return assignment.GroupDesktops(ctx, tx, []string{"g", "h"})
		}), []string{id})
	},
	"desktops are found by the people of their groups": func(e *env) {
		id := e.lab()
		for _, q := range []desktop.DesktopQuery{{UserID: "ben"}, {UserName: "CAR"}, {UserNames: []string{"Ben", "x"}}, {Assigned: new(true)}} {
			q.ProjectID, q.Page = storetest.Project, storetest.Everything
			found := storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]desktop.Desktop, error) {
				all, total, err := desktop.Desktops(ctx, tx, q)
				e.Same(total, 1)
				return all, err
			})
			e.Same(found[0].ID, id)
		}
		e.Update(func(tx *store.Tx) error {
			return assignment.Unassign(e.Context(), tx, []plan.Pair{pair(id, "ann", "")})
		})
		none := desktop.DesktopQuery{ProjectID: storetest.Project, Assigned: new(false), Page: storetest.Everything}
		e.Same(storetest.Get(e, func(ctx context.Context, tx *store.Tx) (int, error) {
			_, n, err := desktop.Desktops(ctx, tx, none)
			return n, err
		}), 0)
	},
	"a connection rests on a group as on an assignment": func(e *env) {
		id := e.lab()
		now := e.Clock.Now()
		e.Update(func(tx *store.Tx) error {
			return desktop.InsertConnection(e.Context(), tx, desktop.Connection{ID: "c", DesktopID: id, UserID: "ben", Gateway: "gw", Opened: now, LeaseUntil: now.Add(time.Hour)})
		})
		assigned := func() bool {
			return storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]desktop.Grounds, error) {
				return desktop.ReadGrounds(ctx, tx, "gw")
			})[0].Assigned
		}
		e.Same(assigned(), true)
		e.Update(func(tx *store.Tx) error { return directory.RemoveMembers(e.Context(), tx, "g", []string{"ben"}) })
		e.Same(assigned(), false)
	},
	"a desktop is not given to somebody who is gone": func(e *env) {
		id := e.lab()
		for _, p := range []plan.Pair{pair(id, "missing", ""), pair(id, "@missing", ""), pair("missing", "ann", "")} {
			e.Refuses(workspace.CodeConflict, func(tx *store.Tx) error { return assignment.Assign(e.Context(), tx, []plan.Pair{p}) })
		}
	},
	"what people have in their own name is counted one caller after the other": func(e *env) {
		id := e.lab()
		owned := storetest.Do(e, func(ctx context.Context, tx *store.Tx) (map[string]int, error) {
			return assignment.OwnedDesktops(ctx, tx, []string{"ann", "ben", "missing"})
		})
		e.Same(owned["ann"], 1)
		e.Same(owned["ben"], 0)
		for _, err := range storetest.Together(8, func(int) error {
			return e.Store.Update(e.Context(), func(tx *store.Tx) error {
				owned, err := assignment.OwnedDesktops(e.Context(), tx, []string{"dora", "cara"})
				if err != nil || owned["dora"] > 0 {
					return err
				}
				return assignment.Assign(e.Context(), tx, []plan.Pair{pair(id, "dora", workspace.GroupDefault), pair(id, "cara", workspace.GroupDefault)})
			})
		}) {
			if err != nil {
				e.Error(err)
			}
		}
		e.Same(e.holdings(nil, id), "ann! dora cara ben")
	},
	"a crowded desktop is named": func(e *env) {
		id := e.lab()
		crowded := func(limit int) string {
			return storetest.Get(e, func(ctx context.Context, tx *store.Tx) (string, error) {
				return assignment.CrowdedDesktop(ctx, tx, []string{id, "x"}, limit)
			})
		}
		e.Same(crowded(3), "")
		e.Same(crowded(2), "lab")
	},
	"former accounts keep their name and that they are to be erased, and go only if unchanged": func(e *env) {
		id := e.lab()
		put := func(name string, erase bool) assignment.FormerAccount {
			a := assignment.FormerAccount{DesktopID: id, UserID: "zoe", Name: name, Erase: erase, Changed: e.Clock.Now()}
			e.Update(func(tx *store.Tx) error {
				return assignment.PutFormerAccounts(e.Context(), tx, []assignment.FormerAccount{a})
			})
			return a
		}
		accounts := func() []assignment.FormerAccount {
			return storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]assignment.FormerAccount, error) {
				return assignment.FormerAccounts(ctx, tx, []string{id})
			})
		}
		first := put("zoe", false)
		e.Same(accounts(), []assignment.FormerAccount{first})
		e.Clock.Advance(time.Second)
		put("zoe-2", true)
		e.Clock.Advance(time.Second)
		last := put("zoe-3", false)
		last.Name, last.Erase = "zoe", true
		e.Same(accounts(), []assignment.FormerAccount{last})
		e.Update(func(tx *store.Tx) error {
			return assignment.DropFormerAccounts(e.Context(), tx, []assignment.FormerAccount{first})
		})
		e.Same(accounts(), []assignment.FormerAccount{last})
		e.Update(func(tx *store.Tx) error {
			return assignment.DropFormerAccounts(e.Context(), tx, []assignment.FormerAccount{last})
		})
		e.Same(len(accounts()), 0)
	},
	"detachments are the last of each holder, the latest first": func(e *env) {
		id := e.lab()
		put := func(holder, name string) assignment.Detachment {
			e.Clock.Advance(time.Second)
			d := assignment.Detachment{DesktopID: id, Type: plan.HolderUser, HolderID: holder, HolderName: name, Group: workspace.GroupSudo, Detached: e.Clock.Now()}
			e.Update(func(tx *store.Tx) error {
				return assignment.PutDetachments(e.Context(), tx, []assignment.Detachment{d})
			})
			return d
		}
		put("ann", "ann")
		ben := put("ben", "ben")
		ann := put("ann", "anna")
		e.Same(storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]assignment.Detachment, error) {
			return assignment.Detachments(ctx, tx, id)
		}), []assignment.Detachment{ann, ben})
	},
	"desktops are taken and renamed together, and a name that is in use refuses all": func(e *env) {
		var all []desktop.Desktop
		for i := range 3 {
			all = append(all, e.AddDesktop(fmt.Sprintf("d%d", i)))
		}
		e.Clock.Advance(time.Second)
		take := func(names ...string) []desktop.Desktop {
			taken := slices.Clone(all[:len(names)])
			for i, name := range names {
				taken[i].Name, taken[i].HostName, taken[i].Task, taken[i].TaskOwner = name, "h-"+name, workspace.TaskAttaching, "s"
			}
			return taken
		}
		e.Refuses(workspace.CodeNameTaken, func(tx *store.Tx) error { return assignment.TakeDesktops(e.Context(), tx, take("new", "D2")) })
		e.Same(e.Desktop(all[0].ID).Name, "d0")
		e.Update(func(tx *store.Tx) error { return assignment.TakeDesktops(e.Context(), tx, take("Neu", "d1")) })
		got := e.Desktop(all[0].ID)
		e.Same([]string{got.Name, got.HostName, string(got.Task), got.TaskOwner}, []string{"Neu", "h-Neu", "attaching", "s"})
		e.Same(got.Updated, e.Clock.Now())
		e.Same(storetest.Do(e, func(ctx context.Context, tx *store.Tx) ([]string, error) {
			return desktop.TakenNames(ctx, tx, storetest.Project, []string{"NEU"})
		}), []string{"neu"})
		e.Refuses(workspace.CodeConflict, func(tx *store.Tx) error {
			return assignment.TakeDesktops(e.Context(), tx, []desktop.Desktop{{ID: "missing"}})
		})
	},
}
