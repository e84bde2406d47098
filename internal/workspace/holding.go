package workspace

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
)

// GroupAssignment gives a desktop to a group: to whoever is in it at the time.
type GroupAssignment struct {
	DesktopID string
	GroupID   string
	GroupName string    // read with the group's row, as is People; not stored
	People    int       // how many are in it
	Group     UserGroup // of everybody in it who does not have the desktop in their own name
	Created   time.Time
}

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
	Type       HolderType
	HolderID   string
	HolderName string // as it was then
	Group      UserGroup
	Detached   time.Time
}

// detached records that a desktop was taken from a holder.
func (h Holder) detached(desktopID string, at time.Time) Detachment {
	return Detachment{
		DesktopID: desktopID, Type: h.Type, HolderID: h.ID, HolderName: h.Name, Group: cmp.Or(h.Group, GroupDefault), Detached: at,
	}
}

// detachmentsOf records that people have lost desktops.
func detachmentsOf(lost []Assignment, at time.Time) []Detachment {
	records := make([]Detachment, len(lost))
	for i, a := range lost {
		records[i] = Holder{Type: HolderUser, ID: a.UserID, Name: a.UserName, Group: a.Group}.detached(a.DesktopID, at)
	}
	return records
}

// MaxDetachments is how many former holders of a desktop are told of.
const MaxDetachments = 500

// AssignmentRows is what the domain asks of the store about who has which desktop.
type AssignmentRows interface {
	// Assign gives desktops to people and groups. CodeConflict when one of them was deleted meanwhile. Pairs that are there
	// already stay as they are.
	Assign(ctx context.Context, pairs []Pair) error
	// Unassign takes desktops away again. Missing pairs are a success.
	Unassign(ctx context.Context, pairs []Pair) error
	// Regroup writes the privilege group of pairs that are there.
	Regroup(ctx context.Context, pairs []Pair) error

	// Holdings reads who may use desktops, in their own name or through a group; with userIDs, only those of them. Nobody is
	// there twice on one desktop: what is theirs in their own name wins, and among groups the one that may administer it. They
	// come by desktop, then as people got them, those of groups by name.
	Holdings(ctx context.Context, desktopIDs, userIDs []string) ([]Assignment, error)
	// GroupDesktops reads the ids of the desktops that groups have.
	GroupDesktops(ctx context.Context, groupIDs []string) ([]string, error)
	// OwnedDesktops counts the desktops that people have in their own name, by user.
	OwnedDesktops(ctx context.Context, userIDs []string) (map[string]int, error)
	// CrowdedDesktop returns the name of one of these desktops that more than limit people may use, or empty.
	CrowdedDesktop(ctx context.Context, desktopIDs []string, limit int) (string, error)

	// PutFormerAccounts records accounts. One that is recorded already keeps its name, and Erase once it is set.
	PutFormerAccounts(ctx context.Context, accounts []FormerAccount) error
	FormerAccounts(ctx context.Context, desktopIDs []string) ([]FormerAccount, error)
	// DropFormerAccounts forgets accounts, each only if it has not changed since it was read.
	DropFormerAccounts(ctx context.Context, accounts []FormerAccount) error

	// PutDetachments records from whom desktops were taken.
	PutDetachments(ctx context.Context, d []Detachment) error
	// Detachments reads the last MaxDetachments of a desktop, the latest first.
	Detachments(ctx context.Context, desktopID string) ([]Detachment, error)

	// TakeDesktops writes name, host name, task and owner of desktops whose rows are held, and sets Updated, a batch at a time.
	// CodeNameTaken.
	TakeDesktops(ctx context.Context, desktops []Desktop) error
}

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
func AccountsInside(holders []Assignment, former []FormerAccount) (accounts []InsideAccount, settled []FormerAccount) {
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
	gained []Assignment
	lost   []Assignment
}

// changing runs f and finds out who may use desktops afterwards who could not before, and the reverse. With userIDs it looks
// only at those.
func changing(ctx context.Context, tx Tx, desktopIDs, userIDs []string, f func() error) (changes, error) {
	before, err := tx.Holdings(ctx, desktopIDs, userIDs)
	if err != nil {
		return changes{}, err
	}
	if err := f(); err != nil {
		return changes{}, err
	}
	after, err := tx.Holdings(ctx, desktopIDs, userIDs)
	if err != nil {
		return changes{}, err
	}
	return changes{gained: missingFrom(before, after), lost: missingFrom(after, before)}, nil
}

// missingFrom returns those of all that some lacks.
func missingFrom(some, all []Assignment) []Assignment {
	there := make(map[holdingKey]bool, len(some))
	for _, a := range some {
		there[holdingKey{a.DesktopID, a.UserID}] = true
	}
	return slices.DeleteFunc(slices.Clone(all), func(a Assignment) bool { return there[holdingKey{a.DesktopID, a.UserID}] })
}

// leave records that the accounts of people who have lost a desktop are still inside it; with erase, until their data is gone.
func leave(ctx context.Context, tx Tx, lost []Assignment, erase bool) error {
	var left []FormerAccount
	for _, a := range lost {
		left = append(left, FormerAccount{DesktopID: a.DesktopID, UserID: a.UserID, Name: a.Account, Erase: erase, Changed: tx.Now()})
	}
	return tx.PutFormerAccounts(ctx, left)
}

// HoldingsByDesktop sorts holdings out.
func HoldingsByDesktop(all []Assignment) map[string][]Assignment {
	of := map[string][]Assignment{}
	for _, a := range all {
		of[a.DesktopID] = append(of[a.DesktopID], a)
	}
	return of
}

// holdersOf returns the holders of a desktop, people and groups.
func holdersOf(d Desktop) []Holder {
	var all []Holder
	for _, a := range d.Assignments {
		all = append(all, Holder{Type: HolderUser, ID: a.UserID, Name: a.UserName, Group: a.Group})
	}
	for _, g := range d.GroupAssignments {
		all = append(all, Holder{Type: HolderGroup, ID: g.GroupID, Name: g.GroupName, Group: g.Group, People: g.People})
	}
	return all
}

// holderOf finds who of a desktop's holders is meant, by id or else by name.
func holderOf(d Desktop, t HolderType, id, name string) (Holder, bool) {
	t = cmp.Or(t, HolderUser)
	all := holdersOf(d)
	i := slices.IndexFunc(all, func(h Holder) bool {
		return h.Type == t && (id != "" && h.ID == id || id == "" && strings.EqualFold(h.Name, name))
	})
	if i < 0 {
		return Holder{}, false
	}
	return all[i], true
}
