package workspace

import (
	"context"
	"time"
)

// PoolRows is what the domain asks of the store about pools. Pools are read whole, with their counts, in a fixed number of
// statements however many there are.
type PoolRows interface {
	// PoolDifferences counts a pool's desktops that differ from it, for each of Differences.
	PoolDifferences(ctx context.Context, p Pattern) (map[Difference]int, error)

	MemberRows
	DueRows
}

// MemberRows is what the domain asks of the store about the desktops of pools and the people who wait for one.
//
// The rows are those of desktops with the columns auto_created, isolated, used, idle_since, bound_user, bound_at and
// disconnected_at; (pool_id, bound_user) is unique where somebody is bound. An assignment goes with each binding.
type MemberRows interface {
	// Members reads the desktops of pools, of all with autoscaling if no id is given, in one statement.
	Members(ctx context.Context, poolIDs ...string) ([]Member, error)

	// EndBindings takes a person's desktops in pools from them before the person is deleted. The desktops stay used; assignments go
	// with the person.
	EndBindings(ctx context.Context, userID string) error

	// MembersOf reads the desktops of any pool that people are bound to.
	MembersOf(ctx context.Context, userIDs ...string) ([]Member, error)

	// ReadMember reads one desktop of a pool. CodeDesktopNotFound when there is none, or it is in no pool.
	ReadMember(ctx context.Context, desktopID string) (Member, error)

	// SaveMember writes what Member alone has: Isolated, Used, IdleSince and the binding, with its assignment in the given
	// privilege group; the assignment of the former binding goes. An empty group leaves the privilege that the person has, and
	// means GroupDefault for somebody who is new. It reports false and writes nothing when the desktop is gone, or its binding
	// is no longer what was read (was), or the person has another desktop of the pool: somebody was faster. CodeConflict when
	// the person was deleted.
	SaveMember(ctx context.Context, m Member, was Binding, group UserGroup) (bool, error)
}

// MemberKind is desktops of a pool that are alike. The Member says how: it has no id, name, image or times.
type MemberKind struct {
	Member
	Count int
}

// DueRows is what the domain asks of the store about when to look after pools. Every change of a pool, its desktops, its people and its
// waiting list makes it due at once, in the transaction of the change, and wakes those who look (Store.Work); noting that waits
// for nobody.
type DueRows interface {
	// DuePools reads all that is noted of the pools that are due, at most limit pools, those that are due longest.
	DuePools(ctx context.Context, limit int) ([]PoolDue, error)
	// PoolsOfGroupChanged notes that the pools are to be looked after that everybody in a group may use.
	PoolsOfGroupChanged(ctx context.Context, groupID string) error
	// NextPoolDue is when the next pool is due, or the zero time.
	NextPoolDue(ctx context.Context) (time.Time, error)
	// SettlePools forgets the notes that were seen before the pools were looked at, and no others; changes since have notes of
	// their own. The pools in next are due again at those times, unless zero. Two who settle at once do no harm.
	SettlePools(ctx context.Context, seen []PoolDue, next map[string]time.Time) error
}

// PoolDue notes that a pool is to be looked after at a time.
type PoolDue struct {
	ID     string
	PoolID string
	At     time.Time
}
