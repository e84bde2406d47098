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

// Belonging says whose a machine is.
type Belonging string

// Whose a machine can be. A machine whose id no row has and that another installation made, or that does not say who made it, is
// never touched.
const (
	Known    Belonging = "known"    // a desktop of this database has it
	Orphan   Belonging = "orphan"   // this installation made it, and no desktop has it
	Foreign  Belonging = "foreign"  // another installation made it
	Unmarked Belonging = "unmarked" // no desktop has it, and it is from before machines carried their installation
	Disputed Belonging = "disputed" // a desktop of this database has it, and it carries another installation
)

// BelongingOf decides whose a machine is, from the installation of the database and whether one of its rows has the machine.
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

// Mending is what healing does about a finding.
type Mending string

// What healing does.
const (
	LeaveAlone Mending = "leave"      // nothing
	PutAside   Mending = "set aside"  // stop the machine and note the time; its disks stay
	Remove     Mending = "remove"     // with its disks; only when it has been set aside for long enough
	BringBack  Mending = "bring back" // take the note away: a desktop has the machine
	MarkError  Mending = "mark"       // the desktop becomes ERROR
)

// Finding is a difference between the rows and the machines, or a machine of another installation.
type Finding struct {
	DesktopID string
	Name      string // of the desktop, or the engine's name for the machine
	// Missing says that the machine of a desktop is gone; otherwise Belonging says what kind of machine was found.
	Missing      bool
	Belonging    Belonging
	Installation string    // that the machine carries
	Aside        time.Time // since when the machine is set aside; zero: it is not
	Mending      Mending   // what healing does about it
	Healed       string    // what was done about it, now or at an earlier look; empty when nothing was
}

// Report is what an audit found.
type Report struct {
	Installation string // of the database; empty when no control plane has used it since machines carry one
	Desktops     int    // rows
	Machines     map[Belonging]int
	Keep         time.Duration // for how long machines are set aside before they are removed
	Findings     []Finding     // by name
}

// Compare is the audit as a decision: what differs between rows and machines, and what healing does about it now.
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

// ByName orders findings.
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

// Differences counts the findings that an administrator has to look at: all but machines of other installations.
func (r Report) Differences() int {
	n := 0
	for _, f := range r.Findings {
		if f.Missing || f.Belonging != Foreign {
			n++
		}
	}
	return n
}

// ToMend lists the findings about which healing does something.
func (r Report) ToMend() []Finding {
	return slices.DeleteFunc(slices.Clone(r.Findings), func(f Finding) bool { return f.Mending == LeaveAlone })
}

// Doubt says why the database may not be that of the machines, so that nothing is to be healed; nil when it is.
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
