package assignment

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"carrel/internal/assignment/plan"
	"carrel/internal/desktop"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// FormerAccount is an account inside a desktop whose data is still there though its person no longer has the desktop, or is
// called something else by now.
type FormerAccount struct {
	DesktopID string
	UserID    string // who may be gone
	Name      string // of the account
	Erase     bool   // the data is to go
	Changed   time.Time
}

// Detachment records that somebody had a desktop.
type Detachment struct {
	DesktopID  string
	Type       plan.HolderType
	HolderID   string
	HolderName string // as it was then
	Group      workspace.UserGroup
	Detached   time.Time
}

// detached records that a desktop was taken from a holder.
func detached(h plan.Holder, desktopID string, at time.Time) Detachment {
	return Detachment{
		DesktopID: desktopID, Type: h.Type, HolderID: h.ID, HolderName: h.Name, Group: cmp.Or(h.Group, workspace.GroupDefault), Detached: at,
	}
}

// detachmentsOf records that people have lost desktops.
func detachmentsOf(lost []desktop.Assignment, at time.Time) []Detachment {
	records := make([]Detachment, len(lost))
	for i, a := range lost {
		records[i] = detached(plan.Holder{Type: plan.HolderUser, ID: a.UserID, Name: a.UserName, Group: a.Group}, a.DesktopID, at)
	}
	return records
}

// MaxDetachments is how many former holders of a desktop are told of.
const MaxDetachments = 500

// InsideAccount is an account that a desktop is to have inside, or to lose.
type InsideAccount struct {
	Name   string
	Admin  bool
	Former string // what it was called; empty unless it is to be renamed
	Erase  bool   // it is to go, and its data with it
}

// AccountsInside decides what accounts a desktop is to have inside, given who may use it and what accounts it has from before.
// settled are the former accounts that have been dealt with once it is so. Until they are forgotten the accounts are not final:
// somebody whose old data goes first has no account in the meantime, nor has a person whose account's name another still bears.
func AccountsInside(holders []desktop.Assignment, former []FormerAccount) (accounts []InsideAccount, settled []FormerAccount) {
	holds := make(map[string]bool, len(holders))
	names := make(map[string]bool, len(holders))
	for _, h := range holders {
		holds[h.UserID] = true
		names[h.Account] = true
	}
	of := make(map[string]FormerAccount, len(former)) // by user
	blocked := map[string]string{}                    // names of accounts, and whose they are
	for _, f := range former {
		f.Erase = f.Erase || !holds[f.UserID] && names[f.Name] // somebody else comes by that name
		of[f.UserID] = f
		if f.Erase || holds[f.UserID] {
			blocked[f.Name] = f.UserID
		}
	}
	for _, h := range holders {
		name := h.Account
		f, known := of[h.UserID]
		other, taken := blocked[name]
		switch {
		case known && f.Erase, taken && other != h.UserID:
			continue
		case known:
			settled = append(settled, f)
		}
		a := InsideAccount{Name: name, Admin: h.Group.Admin()}
		if known && f.Name != name {
			a.Former = f.Name
		}
		accounts = append(accounts, a)
	}
	for _, f := range former {
		if of[f.UserID].Erase {
			accounts = append(accounts, InsideAccount{Name: f.Name, Erase: true})
			settled = append(settled, f)
		}
	}
	return accounts, settled
}

// holdingKey is a person on a desktop.
type holdingKey struct{ desktop, user string }

// changes is who gained and who lost the use of which desktop.
type changes struct {
	gained []desktop.Assignment
	lost   []desktop.Assignment
}

// changing runs f and finds out who may use desktops afterwards who could not before, and the reverse. With userIDs it looks
// only at those.
func changing(ctx context.Context, tx *store.Tx, desktopIDs, userIDs []string, f func() error) (changes, error) {
	before, err := Holdings(ctx, tx, desktopIDs, userIDs)
	if err != nil {
		return changes{}, err
	}
	if err := f(); err != nil {
		return changes{}, err
	}
	after, err := Holdings(ctx, tx, desktopIDs, userIDs)
	if err != nil {
		return changes{}, err
	}
	return changes{gained: missingFrom(before, after), lost: missingFrom(after, before)}, nil
}

// missingFrom returns those of all that some lacks.
func missingFrom(some, all []desktop.Assignment) []desktop.Assignment {
	there := make(map[holdingKey]bool, len(some))
	for _, a := range some {
		there[holdingKey{a.DesktopID, a.UserID}] = true
	}
	return slices.DeleteFunc(slices.Clone(all), func(a desktop.Assignment) bool { return there[holdingKey{a.DesktopID, a.UserID}] })
}

// NoteLost records who has lost which desktop, and that their accounts are still inside; with erase, until their data is gone.
func NoteLost(ctx context.Context, tx *store.Tx, lost []desktop.Assignment, erase bool) error {
	var left []FormerAccount
	for _, a := range lost {
		left = append(left, FormerAccount{DesktopID: a.DesktopID, UserID: a.UserID, Name: a.Account, Erase: erase, Changed: tx.Now()})
	}
	if err := PutFormerAccounts(ctx, tx, left); err != nil {
		return err
	}
	return PutDetachments(ctx, tx, detachmentsOf(lost, tx.Now()))
}

// HoldingsByDesktop sorts holdings out.
func HoldingsByDesktop(all []desktop.Assignment) map[string][]desktop.Assignment {
	of := map[string][]desktop.Assignment{}
	for _, a := range all {
		of[a.DesktopID] = append(of[a.DesktopID], a)
	}
	return of
}

// holdersOf returns the holders of a desktop, people and groups.
func holdersOf(d desktop.Desktop) []plan.Holder {
	var all []plan.Holder
	for _, a := range d.Assignments {
		all = append(all, plan.Holder{Type: plan.HolderUser, ID: a.UserID, Name: a.UserName, Group: a.Group})
	}
	for _, g := range d.GroupAssignments {
		all = append(all, plan.Holder{Type: plan.HolderGroup, ID: g.GroupID, Name: g.GroupName, Group: g.Group, People: g.People})
	}
	return all
}

// holderOf finds who of a desktop's holders is meant, by id or else by name.
func holderOf(d desktop.Desktop, t plan.HolderType, id, name string) (plan.Holder, bool) {
	t = cmp.Or(t, plan.HolderUser)
	all := holdersOf(d)
	i := slices.IndexFunc(all, func(h plan.Holder) bool {
		return h.Type == t && (id != "" && h.ID == id || id == "" && strings.EqualFold(h.Name, name))
	})
	if i < 0 {
		return plan.Holder{}, false
	}
	return all[i], true
}
