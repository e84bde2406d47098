package quota

import (
	"maps"
	"math"

	"carrel/internal/workspace"
)

// Resource is something of which a project may have a limited amount, in the words of the API.
type Resource string

// The resources.
const (
	Desktops  Resource = "general_instances" // in every state, also of pools
	Cores     Resource = "cores"
	Memory    Resource = "Memory" // MiB
	Volumes   Resource = "volumes"
	Gigabytes Resource = "volume_gigabytes"
	Users     Resource = "users"
)

// Resources lists them in the order in which they are shown and checked.
var Resources = []Resource{Desktops, Cores, Memory, Volumes, Gigabytes, Users}

// Unit is what amounts of the resource count, for people.
func (r Resource) Unit() string {
	switch r {
	case Memory:
		return "MB"
	case Gigabytes:
		return "GB"
	default:
		return ""
	}
}

// noun is what messages call an amount of the resource.
func (r Resource) noun() string {
	switch r {
	case Desktops:
		return "desktops"
	case Cores:
		return "processors"
	case Memory:
		return "MB of memory"
	case Volumes:
		return "disks"
	case Gigabytes:
		return "GB of disks"
	default:
		return "users"
	}
}

// remedy is how a project comes to have less of the resource.
func (r Resource) remedy() string {
	switch r {
	case Users:
		return "delete users"
	case Volumes, Gigabytes:
		return "delete desktops or disks"
	case Cores, Memory:
		return "delete desktops, or choose a smaller product"
	default:
		return "delete desktops"
	}
}

// Amounts are amounts of resources. In limits, a resource that is missing has none.
type Amounts map[Resource]int64

// MaxAmount is the largest limit.
const MaxAmount = math.MaxInt32 // what the API's numbers hold

// Times returns n times the amounts.
func (a Amounts) Times(n int) Amounts {
	all := make(Amounts, len(a))
	for r, amount := range a {
		all[r] = int64(n) * amount
	}
	return all
}

// And returns the sum of both.
func (a Amounts) And(b Amounts) Amounts {
	all := make(Amounts, len(a))
	maps.Copy(all, a)
	for r, amount := range b {
		all[r] += amount
	}
	return all
}

// concerns reports whether one of the limits is about something of the amounts.
func (a Amounts) concerns(limits Amounts) bool {
	for r, amount := range a {
		if _, limited := limits[r]; limited && amount > 0 {
			return true
		}
	}
	return false
}

// decide returns CodeQuotaExceeded if a project that has used may not have wanted more: with the figure, the limit and what to do. What is over
// its limit already (the limit was lowered) stays, and only stops more of the same.
func decide(limits, used, wanted Amounts) error {
	for _, r := range Resources {
		limit, limited := limits[r]
		if !limited || wanted[r] <= 0 || used[r]+wanted[r] <= limit {
			continue
		}
		return workspace.Errorf(workspace.CodeQuotaExceeded, "quota %s: the project may have %d %s and has %d, %d more are asked for; %s, or have the operator raise it (carrel quota set)",
			r, limit, r.noun(), used[r], wanted[r], r.remedy())
	}
	return nil
}

// fit returns how many times each the limits leave room for, at most n.
func fit(limits, used, each Amounts, n int) int {
	for _, r := range Resources {
		limit, limited := limits[r]
		if limited && each[r] > 0 {
			n = min(n, int(max(limit-used[r], 0)/each[r]))
		}
	}
	return n
}

// check returns CodeInvalid for a limit that cannot be.
func check(r Resource, limit int64) error {
	if limit < -1 || limit > MaxAmount {
		return workspace.Invalid(string(r), "%d is out of range, use 0 to %d, or -1 for no limit", limit, int64(MaxAmount))
	}
	return nil
}
