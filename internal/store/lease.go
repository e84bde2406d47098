package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

// leaseRow says which process does something that one process at a time should do.
type leaseRow struct {
	bun.BaseModel `bun:"table:leases,alias:leases"`

	Name  string `bun:",pk"`
	Owner string
	Until time.Time
}

// TakeLease takes or extends a lease, and returns false if another owner has it until a later time. A lease saves the others work; what
// must not be done twice needs a lock or a constraint besides, since a process may stall until after the end of its lease.
func (t *Tx) TakeLease(ctx context.Context, name, owner string, life time.Duration) (bool, error) {
	row := leaseRow{Name: name, Owner: owner, Until: t.now.Add(life)}
	n, err := Affected(t.Inserting(&row).On("CONFLICT (name) DO UPDATE").Set("owner = excluded.owner").Set("until = excluded.until").
		Where("leases.owner = excluded.owner OR leases.until <= ?", t.now).Exec(ctx))
	return n > 0, err
}
