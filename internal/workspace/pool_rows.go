package workspace

import (
	"context"
	"time"
)

// PoolQuery selects pools of one project, or of all if ProjectID is empty, oldest first. The name matches in part, whatever
// its case; other zero fields select all.
type PoolQuery struct {
	ProjectID     string
	Name          string
	IDs           []string
	Type          PoolType
	EnterpriseID  string
	OUName        string // as it is written
	NamePolicyID  string
	Autoscaling   *bool
	InMaintenance *bool
	Page
}

// PoolRows is what the domain asks of the store about pools. Pools are read whole, with their counts, in a fixed number of
// statements however many there are.
type PoolRows interface {
	// InsertPool writes a pool with its people. CodeNameTaken, decided by a unique constraint.
	InsertPool(ctx context.Context, p Pool, people []Grant) error

	// ReadPool reads one pool of the project, or of any if projectID is empty. CodePoolNotFound. LockPool also holds it against
	// other transactions until this one ends: whoever binds, scales, rebuilds or deletes holds the pool meanwhile, so that of two
	// decisions on it the second sees what the first has done.
	ReadPool(ctx context.Context, projectID, id string) (Pool, error)
	LockPool(ctx context.Context, projectID, id string) (Pool, error)

	Pools(ctx context.Context, q PoolQuery) ([]Pool, int, error)

	// SavePool writes every field but the identity and sets Updated. CodeNameTaken.
	SavePool(ctx context.Context, p Pool) error

	// DeletePool removes the pool with its people, waiting list, decisions and notices. CodeConflict while it has a desktop;
	// a missing row is a success.
	DeletePool(ctx context.Context, id string) error

	// PoolDifferences counts a pool's desktops that differ from it, for each of Differences.
	PoolDifferences(ctx context.Context, p Pattern) (map[Difference]int, error)

	MemberRows
	GrantRows
	DueRows

	// InsertDecision adds to the decision log and drops what is older than the pool's newest keep entries.
	InsertDecision(ctx context.Context, d PoolDecision, keep int) error
	// LastReasons reads the reasons of the newest decision of a kind about each of several pools, by pool.
	LastReasons(ctx context.Context, kind DecisionKind, poolIDs ...string) (map[string][]Reason, error)
	// Decisions reads a page of a pool's decisions, newest first. An empty kind reads all.
	Decisions(ctx context.Context, poolID string, kind DecisionKind, page Page) ([]PoolDecision, int, error)

	InsertNotice(ctx context.Context, n PoolNotice) error
	// Notices reads a page of a pool's notices, newest first.
	Notices(ctx context.Context, poolID string, page Page) ([]PoolNotice, int, error)
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

	// MemberKinds counts the desktops of pools by what their prospects depend on. One that somebody has has "somebody" as its person.
	MemberKinds(ctx context.Context, poolIDs ...string) ([]MemberKind, error)

	// Strangers lists the desktops of pools whose person may no longer use the pool, by id.
	Strangers(ctx context.Context, poolIDs ...string) ([]string, error)

	// SaveMember writes what Member alone has: Isolated, Used, IdleSince and the binding, with its assignment in the given
	// privilege group; the assignment of the former binding goes. An empty group leaves the privilege that the person has, and
	// means GroupDefault for somebody who is new. It reports false and writes nothing when the desktop is gone, or its binding
	// is no longer what was read (was), or the person has another desktop of the pool: somebody was faster. CodeConflict when
	// the person was deleted.
	SaveMember(ctx context.Context, m Member, was Binding, group UserGroup) (bool, error)

	// PutWaiting enters a person on a pool's waiting list or renews their place, which they keep by Since and lose at Until.
	PutWaiting(ctx context.Context, w Waiting) error
	// ReadWaiting reads who waits for a desktop of the pools now, longest first. DropWaiting takes a person off; a missing row is a
	// success.
	ReadWaiting(ctx context.Context, poolIDs ...string) ([]Waiting, error)
	DropWaiting(ctx context.Context, poolID, userID string) error
	// RenewWaiting keeps the places that people have now until a later time.
	RenewWaiting(ctx context.Context, userIDs []string, until time.Time) error

	// InsertPoolReset notes that a person resets their desktop of a pool now, and forgets such notes that are older than keep.
	// PoolResets reads when each of several people did that since a time, by person and pool, oldest first.
	InsertPoolReset(ctx context.Context, poolID, userID string, keep time.Duration) error
	PoolResets(ctx context.Context, userIDs []string, since time.Time) (map[string]map[string][]time.Time, error)
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

// Waiting is a person who watches for a desktop of a pool.
type Waiting struct {
	PoolID string
	UserID string
	Since  time.Time
	Until  time.Time // they went away if they have not asked again by then
}

// GrantRows is what the domain asks of the store about who may use a pool.
type GrantRows interface {
	// PutGrants adds people or groups, or changes the privilege of those who are there.
	PutGrants(ctx context.Context, poolID string, g []Grant) error
	// DeleteGrants removes those with the same type and id; missing ones are a success.
	DeleteGrants(ctx context.Context, poolID string, g []Grant) error
	// Grants reads a page of a pool's people, oldest first, with the names that they have now.
	Grants(ctx context.Context, poolID string, page Page) ([]Grant, int, error)
	// GrantsFor reads the grants of a person, their own and those of groups they are in, in all pools.
	GrantsFor(ctx context.Context, userID string) ([]Grant, error)
	// GrantsOf reads what GrantsFor reads of several people, by their ids and without the names of people and groups.
	GrantsOf(ctx context.Context, userIDs []string) (map[string][]Grant, error)
	// PoolUses reads which pools people may use, themselves or through a group, or have a desktop of, by person and name of the
	// pool.
	PoolUses(ctx context.Context, userIDs []string) ([]PoolUse, error)
}

// PoolUse is a pool that a person may use or has a desktop of.
type PoolUse struct {
	UserID   string
	PoolID   string
	PoolName string
	Bound    bool // they have a desktop of it
}

// NoPool says which pool still needs a thing that is to be deleted, or nil. Whoever makes a pool need it holds it meanwhile, as the
// caller does.
func NoPool(ctx context.Context, tx Tx, thing string, q PoolQuery) error {
	q.Limit = 1
	pools, n, err := tx.Pools(ctx, q)
	switch {
	case err != nil || n == 0:
		return err
	case n == 1:
		return Errorf(CodeConflict, "%s is used by pool %s, change the pool first", thing, pools[0].Name)
	default:
		return Errorf(CodeConflict, "%s is used by %d pools, pool %s among them, change them first", thing, n, pools[0].Name)
	}
}
