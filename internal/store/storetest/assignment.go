package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"carrel/internal/assignment"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// pair gives a desktop to a person, or with a name that starts with "@" to a group.
func pair(desktopID, holder string, group desktop.UserGroup) assignment.Pair {
	if id, ok := strings.CutPrefix(holder, "@"); ok {
		return assignment.Pair{DesktopID: desktopID, Type: assignment.HolderGroup, HolderID: id, Group: group}
	}
	return assignment.Pair{DesktopID: desktopID, Type: assignment.HolderUser, HolderID: holder, Group: group}
}

func (w *world) assign(pairs ...assignment.Pair) {
	w.Helper()
	w.update(func(tx *store.Tx) error { return assignment.Assign(w.Context(), tx, pairs) })
}

// holdings says who may use desktops, as words like "ann!" for one who may administer it.
func (w *world) holdings(userIDs []string, desktopIDs ...string) string {
	w.Helper()
	all := get(w, func(ctx context.Context, tx *store.Tx) ([]desktop.Assignment, error) {
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
func (w *world) lab() string {
	w.Helper()
	for _, name := range []string{"ann", "ben", "cara", "dora"} {
		w.addUsers(directory.User{ID: name, ProjectID: project, Name: name})
	}
	w.addGroups(directory.Group{ID: "g", ProjectID: project, Name: "Lab"}, directory.Group{ID: "h", ProjectID: project, Name: "Heads"})
	w.join("g", "ben", "cara")
	d := w.addDesktop("lab")
	w.assign(pair(d.ID, "ann", desktop.GroupSudo), pair(d.ID, "@g", desktop.GroupDefault))
	return d.ID
}

var assignments = []behaviour{
	{"who may use a desktop follows its groups, and nobody is there twice", func(w *world) {
		id := w.lab()
		w.same(w.holdings(nil, id), "ann! ben cara")
		w.same(w.holdings([]string{"cara", "dora"}, id), "cara")
		w.join("g", "ann", "dora")
		w.join("h", "ben", "ann")
		w.assign(pair(id, "@h", desktop.GroupSudo), pair(id, "@g", desktop.GroupSudo)) // the latter is there, and stays as it is
		w.same(w.holdings(nil, id), "ann! ben! cara dora")
		w.update(func(tx *store.Tx) error {
			return assignment.Regroup(w.Context(), tx, []assignment.Pair{pair(id, "ann", desktop.GroupDefault)})
		})
		w.same(w.holdings(nil, id), "ann ben! cara dora")
		w.update(func(tx *store.Tx) error { return directory.RemoveMembers(w.Context(), tx, "g", []string{"cara"}) })
		w.update(func(tx *store.Tx) error { return directory.DeleteGroup(w.Context(), tx, "h") })
		w.same(w.holdings(nil, id), "ann ben dora")
		w.update(func(tx *store.Tx) error {
			return assignment.Unassign(w.Context(), tx, []assignment.Pair{pair(id, "@g", ""), pair(id, "dora", ""), pair(id, "@missing", "")})
		})
		w.same(w.holdings(nil, id), "ann")
	}},
	{"a desktop is read with its groups and how many people they have", func(w *world) {
		id := w.lab()
		w.same(w.desktop(id).GroupAssignments, []desktop.GroupAssignment{
			{DesktopID: id, GroupID: "g", GroupName: "Lab", People: 2, Group: desktop.GroupDefault, Created: w.clock.Now()},
		})
		w.same(len(w.desktop(id).Assignments), 1)
		w.same(get(w, func(ctx context.Context, tx *store.Tx) ([]string, error) {
			return assignment.GroupDesktops(ctx, tx, []string{"g", "h"})
		}), []string{id})
	}},
	{"desktops are found by the people of their groups", func(w *world) {
		id := w.lab()
		for _, q := range []desktop.DesktopQuery{{UserID: "ben"}, {UserName: "CAR"}, {UserNames: []string{"Ben", "x"}}, {Assigned: new(true)}} {
			q.ProjectID, q.Page = project, everything
			found := get(w, func(ctx context.Context, tx *store.Tx) ([]desktop.Desktop, error) {
				all, total, err := desktop.Desktops(ctx, tx, q)
				w.same(total, 1)
				return all, err
			})
			w.same(found[0].ID, id)
		}
		w.update(func(tx *store.Tx) error {
			return assignment.Unassign(w.Context(), tx, []assignment.Pair{pair(id, "ann", "")})
		})
		none := desktop.DesktopQuery{ProjectID: project, Assigned: new(false), Page: everything}
		w.same(get(w, func(ctx context.Context, tx *store.Tx) (int, error) {
			_, n, err := desktop.Desktops(ctx, tx, none)
			return n, err
		}), 0)
	}},
	{"a connection rests on a group as on an assignment", func(w *world) {
		id := w.lab()
		now := w.clock.Now()
		w.update(func(tx *store.Tx) error {
			return desktop.InsertConnection(w.Context(), tx, desktop.Connection{ID: "c", DesktopID: id, UserID: "ben", Gateway: "gw", Opened: now, LeaseUntil: now.Add(time.Hour)})
		})
		assigned := func() bool {
			return get(w, func(ctx context.Context, tx *store.Tx) ([]desktop.Grounds, error) {
				return desktop.ReadGrounds(ctx, tx, "gw")
			})[0].Assigned
		}
		w.same(assigned(), true)
		w.update(func(tx *store.Tx) error { return directory.RemoveMembers(w.Context(), tx, "g", []string{"ben"}) })
		w.same(assigned(), false)
	}},
	{"a desktop is not given to somebody who is gone", func(w *world) {
		id := w.lab()
		for _, p := range []assignment.Pair{pair(id, "missing", ""), pair(id, "@missing", ""), pair("missing", "ann", "")} {
			w.refuses(workspace.CodeConflict, func(tx *store.Tx) error { return assignment.Assign(w.Context(), tx, []assignment.Pair{p}) })
		}
	}},
	{"what people have in their own name is counted one caller after the other", func(w *world) {
		id := w.lab()
		owned := do(w, func(ctx context.Context, tx *store.Tx) (map[string]int, error) {
			return assignment.OwnedDesktops(ctx, tx, []string{"ann", "ben", "missing"})
		})
		w.same(owned["ann"], 1)
		w.same(owned["ben"], 0)
		for _, err := range together(8, func(int) error {
			return w.store.Update(w.Context(), func(tx *store.Tx) error {
				owned, err := assignment.OwnedDesktops(w.Context(), tx, []string{"dora", "cara"})
				if err != nil || owned["dora"] > 0 {
					return err
				}
				return assignment.Assign(w.Context(), tx, []assignment.Pair{pair(id, "dora", desktop.GroupDefault), pair(id, "cara", desktop.GroupDefault)})
			})
		}) {
			if err != nil {
				w.Error(err)
			}
		}
		w.same(w.holdings(nil, id), "ann! dora cara ben")
	}},
	{"a crowded desktop is named", func(w *world) {
		id := w.lab()
		crowded := func(limit int) string {
			return get(w, func(ctx context.Context, tx *store.Tx) (string, error) {
				return assignment.CrowdedDesktop(ctx, tx, []string{id, "x"}, limit)
			})
		}
		w.same(crowded(3), "")
		w.same(crowded(2), "lab")
	}},
	{"former accounts keep their name and that they are to be erased, and go only if unchanged", func(w *world) {
		id := w.lab()
		put := func(name string, erase bool) assignment.FormerAccount {
			a := assignment.FormerAccount{DesktopID: id, UserID: "zoe", Name: name, Erase: erase, Changed: w.clock.Now()}
			w.update(func(tx *store.Tx) error {
				return assignment.PutFormerAccounts(w.Context(), tx, []assignment.FormerAccount{a})
			})
			return a
		}
		accounts := func() []assignment.FormerAccount {
			return get(w, func(ctx context.Context, tx *store.Tx) ([]assignment.FormerAccount, error) {
				return assignment.FormerAccounts(ctx, tx, []string{id})
			})
		}
		first := put("zoe", false)
		w.same(accounts(), []assignment.FormerAccount{first})
		w.clock.Advance(time.Second)
		put("zoe-2", true)
		w.clock.Advance(time.Second)
		last := put("zoe-3", false)
		last.Name, last.Erase = "zoe", true
		w.same(accounts(), []assignment.FormerAccount{last})
		w.update(func(tx *store.Tx) error {
			return assignment.DropFormerAccounts(w.Context(), tx, []assignment.FormerAccount{first})
		})
		w.same(accounts(), []assignment.FormerAccount{last})
		w.update(func(tx *store.Tx) error {
			return assignment.DropFormerAccounts(w.Context(), tx, []assignment.FormerAccount{last})
		})
		w.same(len(accounts()), 0)
	}},
	{"detachments are the last of each holder, the latest first", func(w *world) {
		id := w.lab()
		put := func(holder, name string) assignment.Detachment {
			w.clock.Advance(time.Second)
			d := assignment.Detachment{DesktopID: id, Type: assignment.HolderUser, HolderID: holder, HolderName: name, Group: desktop.GroupSudo, Detached: w.clock.Now()}
			w.update(func(tx *store.Tx) error {
				return assignment.PutDetachments(w.Context(), tx, []assignment.Detachment{d})
			})
			return d
		}
		put("ann", "ann")
		ben := put("ben", "ben")
		ann := put("ann", "anna")
		w.same(get(w, func(ctx context.Context, tx *store.Tx) ([]assignment.Detachment, error) {
			return assignment.Detachments(ctx, tx, id)
		}), []assignment.Detachment{ann, ben})
	}},
	{"desktops are taken and renamed together, and a name that is in use refuses all", func(w *world) {
		var all []desktop.Desktop
		for i := range 3 {
			all = append(all, w.addDesktop(fmt.Sprintf("d%d", i)))
		}
		w.clock.Advance(time.Second)
		take := func(names ...string) []desktop.Desktop {
			taken := slices.Clone(all[:len(names)])
			for i, name := range names {
				taken[i].Name, taken[i].HostName, taken[i].Task, taken[i].TaskOwner = name, "h-"+name, workspace.TaskAttaching, "s"
			}
			return taken
		}
		w.refuses(workspace.CodeNameTaken, func(tx *store.Tx) error { return assignment.TakeDesktops(w.Context(), tx, take("new", "D2")) })
		w.same(w.desktop(all[0].ID).Name, "d0")
		w.update(func(tx *store.Tx) error { return assignment.TakeDesktops(w.Context(), tx, take("Neu", "d1")) })
		got := w.desktop(all[0].ID)
		w.same([]string{got.Name, got.HostName, string(got.Task), got.TaskOwner}, []string{"Neu", "h-Neu", "attaching", "s"})
		w.same(got.Updated, w.clock.Now())
		w.same(do(w, func(ctx context.Context, tx *store.Tx) ([]string, error) {
			return desktop.TakenNames(ctx, tx, project, []string{"NEU"})
		}), []string{"neu"})
		w.refuses(workspace.CodeConflict, func(tx *store.Tx) error {
			return assignment.TakeDesktops(w.Context(), tx, []desktop.Desktop{{ID: "missing"}})
		})
	}},
}
