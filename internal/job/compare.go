package job

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/workspace"
)

// Belonging says to which installation a machine belongs.
type Belonging string

// Values of Belonging. A machine without a row that another installation created, or that does not say who created it, is never
// touched.
const (
	Known    Belonging = "known"    // a desktop of this database has it
	Orphan   Belonging = "orphan"   // this installation created it, and no desktop has it
	Foreign  Belonging = "foreign"  // another installation created it
	Unmarked Belonging = "unmarked" // no desktop has it, and it was created before machines were marked with their installation
	Disputed Belonging = "disputed" // a desktop of this database has it, and it is marked with another installation
)

// BelongingOf returns to which installation a machine belongs, from the database's installation and whether one of its rows has
// the machine.
func BelongingOf(m engine.Machine, installation string, known bool) Belonging {
	switch ours := m.Installation == installation && installation != ""; {
	case known && (ours || m.Installation == ""):
		return Known
	case known:
		return Disputed
	case ours:
		return Orphan
	case m.Installation == "":
		return Unmarked
	default:
		return Foreign
	}
}

// Mending is what Heal does about a finding.
type Mending string

// Values of Mending.
const (
	LeaveAlone Mending = "leave"      // nothing
	PutAside   Mending = "set aside"  // stop the machine and write the time on it; its disks stay
	Remove     Mending = "remove"     // with its disks; only after it was set aside long enough
	BringBack  Mending = "bring back" // remove the mark: a desktop has the machine
	MarkError  Mending = "mark"       // set the desktop's state to ERROR
	Adopt      Mending = "adopt"      // list a snapshot that the engine has
	Forget     Mending = "forget"     // list a snapshot no longer, since the engine does not have it
)

// Finding is a difference between the rows and the machines or their snapshots, or a machine of another installation.
type Finding struct {
	DesktopID string
	Name      string // of the desktop, or the engine's name of the machine
	Snapshot  string // the id of a snapshot of the desktop that this is about; empty: it is about the machine
	System    bool   // that snapshot is of the system disk
	// Missing says that a desktop's machine, or the snapshot's content, is gone; otherwise Belonging says which machine was found.
	Missing      bool
	Belonging    Belonging
	Installation string    // as marked on the machine
	Aside        time.Time // since when the machine is set aside; zero: it is not
	Mending      Mending   // what Heal does about it
	Healed       string    // what was done about it, now or earlier; empty if nothing was
}

// ID is what healing knows a finding by.
func (f Finding) ID() string { return cmp.Or(f.Snapshot, f.DesktopID) }

// Report is the result of an audit.
type Report struct {
	Installation string // of the database; empty if no control plane that marks machines has used it yet
	Desktops     int    // rows
	Machines     map[Belonging]int
	Keep         time.Duration // how long machines are set aside before they are deleted
	Findings     []Finding     // by name; those of snapshots last
}

// Compare returns the differences between rows and machines, and what Heal does about each now. It is a pure function.
func Compare(rows []desktop.DesktopState, machines []engine.Machine, installation string, keep time.Duration, now time.Time) Report {
	r := Report{Installation: installation, Desktops: len(rows), Machines: map[Belonging]int{}, Keep: keep}
	known := make(map[string]bool, len(rows))
	for _, d := range rows {
		known[d.ID] = true
	}
	exists := make(map[string]bool, len(machines))
	for _, m := range machines {
		exists[m.ID] = true
		whose := BelongingOf(m, installation, known[m.ID])
		r.Machines[whose]++
		if whose == Known && m.Aside.IsZero() {
			continue
		}
		r.Findings = append(r.Findings, Finding{
			DesktopID: m.ID, Name: m.Name, Belonging: whose, Installation: m.Installation, Aside: m.Aside,
			Mending: mendingOf(whose, m.Aside, keep, now),
		})
	}
	for _, d := range rows {
		if d.Task != workspace.NoTask || exists[d.ID] {
			continue
		}
		f := Finding{DesktopID: d.ID, Name: d.Name, Missing: true, Mending: MarkError}
		if d.Status == desktop.StatusError {
			f.Mending, f.Healed = LeaveAlone, "marked as ERROR already; delete the desktop"
		}
		r.Findings = append(r.Findings, f)
	}
	slices.SortFunc(r.Findings, ByName)
	return r
}

// ByName orders findings by name.
func ByName(a, b Finding) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.DesktopID, b.DesktopID))
}

func mendingOf(whose Belonging, aside time.Time, keep time.Duration, now time.Time) Mending {
	switch {
	case whose == Known:
		return BringBack
	case whose != Orphan:
		return LeaveAlone
	case aside.IsZero():
		return PutAside
	case now.Sub(aside) >= keep:
		return Remove
	default:
		return LeaveAlone
	}
}

// Differences counts the findings that need an administrator: all but machines of other installations.
func (r Report) Differences() int {
	n := 0
	for _, f := range r.Findings {
		if f.Missing || f.Belonging != Foreign {
			n++
		}
	}
	return n
}

// ToMend returns the findings that Heal does something about.
func (r Report) ToMend() []Finding {
	return slices.DeleteFunc(slices.Clone(r.Findings), func(f Finding) bool { return f.Mending == LeaveAlone })
}

// Doubt returns why the database may not belong to these machines, so that nothing must be healed, or nil.
func (r Report) Doubt() error {
	machines := 0
	for _, n := range r.Machines {
		machines += n
	}
	switch {
	case machines == 0:
		return nil
	case r.Installation == "":
		return fmt.Errorf("no control plane of this version has used the database yet: start carrel serve with it once")
	case r.Machines[Disputed] > 0:
		return fmt.Errorf("%d machines of this database's desktops carry another installation's id: is a copy of the database in use?", r.Machines[Disputed])
	case r.Machines[Known]+r.Machines[Orphan] == 0:
		return fmt.Errorf("none of the engine's %d machines is of this database (installation %s): give --database and --data of the one that made them",
			machines, r.Installation)
	case r.Desktops == 0:
		return fmt.Errorf("the database knows no desktop, and the engine has %d machines: is this the right --database?", machines)
	}
	return nil
}
