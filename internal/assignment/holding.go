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

// FormerAccount is an account inside a desktop whose data is still there, although its user lost the desktop or was renamed.
type FormerAccount struct {
	DesktopID string
	UserID    string // the user may be deleted
	Name      string // the account's name
	Erase     bool   // erase the data
	Changed   time.Time
}

// Detachment records that a user or group lost a desktop.
type Detachment struct {
	DesktopID  string
	Type       plan.HolderType
	HolderID   string
	HolderName string // as it was then
	Group      workspace.UserGroup
	Detached   time.Time
}

// detached returns the record that a holder lost a desktop.
func detached(h plan.Holder, desktopID string, at time.Time) Detachment {
	return Detachment{
		DesktopID: desktopID, Type: h.Type, HolderID: h.ID, HolderName: h.Name, Group: cmp.Or(h.Group, workspace.GroupDefault), Detached: at,
	}
}

// detachmentsOf returns the records that users lost desktops.
func detachmentsOf(lost []desktop.Assignment, at time.Time) []Detachment {
	records := make([]Detachment, len(lost))
	for i, a := range lost {
		records[i] = detached(plan.Holder{Type: plan.HolderUser, ID: a.UserID, Name: a.UserName, Group: a.Group}, a.DesktopID, at)
	}
	return records
}

// MaxDetachments is the maximum number of detachments that are returned for a desktop.
const MaxDetachments = 500

// InsideAccount is an account that a desktop is to have inside, or to lose.
type InsideAccount struct {
	Name   string
	Admin  bool
	Former string // its current name, if it is to be renamed; otherwise empty
	Erase  bool   // remove it and erase its data
}

// AccountsInside decides which accounts a desktop is to have inside, from who may use it and its former accounts. settled are the
// former accounts that are done with once the guest has applied the result. Until they are dropped, the result is not final: it
// has no account for a user whose old data has to be erased first, or whose account name another former account still has.
func AccountsInside(holders []desktop.Assignment, former []FormerAccount) (accounts []InsideAccount, settled []FormerAccount) {
	holds := make(map[string]bool, len(holders))
	names := make(map[string]bool, len(holders))
	for _, h := range holders {
		holds[h.UserID] = true
		names[h.Account] = true
	}
	of := make(map[string]FormerAccount, len(former)) // by user
	blocked := map[string]string{}                    // user ids by account names in use
	for _, f := range former {
		f.Erase = f.Erase || !holds[f.UserID] && names[f.Name] // another user gets that name
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

// holdingKey identifies a user's access to a desktop.
type holdingKey struct{ desktop, user string }

// changes is who gained and who lost access to which desktop.
type changes struct {
	gained []desktop.Assignment
	lost   []desktop.Assignment
}

// changing runs f and returns who gained and who lost access to desktops by it. If userIDs is not empty, it compares only these
// users.
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

// missingFrom returns the elements of all that are not in some.
func missingFrom(some, all []desktop.Assignment) []desktop.Assignment {
	there := make(map[holdingKey]bool, len(some))
	for _, a := range some {
		there[holdingKey{a.DesktopID, a.UserID}] = true
	}
	return slices.DeleteFunc(slices.Clone(all), func(a desktop.Assignment) bool { return there[holdingKey{a.DesktopID, a.UserID}] })
}

// NoteLost records that users lost desktops and that their accounts are still inside. With erase, their data is to be erased.
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

// HoldingsByDesktop groups holdings by desktop.
func HoldingsByDesktop(all []desktop.Assignment) map[string][]desktop.Assignment {
	of := map[string][]desktop.Assignment{}
	for _, a := range all {
		of[a.DesktopID] = append(of[a.DesktopID], a)
	}
	return of
}

// holdersOf returns the holders of a desktop, users and groups.
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

// holderOf returns the holder of a desktop with an id or, if id is empty, a name.
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
