package pool

import (
	"context"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Occupancy counts a pool's desktops by how they are used now.
type Occupancy struct {
	PoolID   string
	Desktops map[string]int // by "idle", "bound", "coming", "faulty" and "isolated"; always all five
	Waiting  int            // users on the waiting list
}

// Occupancy reads the occupancy of the oldest pools of all projects, up to limit, in a fixed number of statements.
func (s *Service) Occupancy(ctx context.Context, limit int) ([]Occupancy, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) ([]Occupancy, error) {
		pools, _, err := Pools(ctx, tx, PoolQuery{Page: workspace.Page{Limit: limit}})
		if err != nil || len(pools) == 0 {
			return nil, err
		}
		all, at, ids := make([]Occupancy, len(pools)), map[string]*Occupancy{}, make([]string, len(pools))
		for i, p := range pools {
			all[i] = Occupancy{PoolID: p.ID, Desktops: map[string]int{"idle": 0, "bound": 0, "coming": 0, "faulty": 0, "isolated": 0}}
			at[p.ID], ids[i] = &all[i], p.ID
		}
		kinds, err := MemberKinds(ctx, tx, ids...)
		if err != nil {
			return nil, err
		}
		for _, k := range kinds {
			for state, is := range map[string]bool{
				"idle": k.Idle(), "bound": k.Bound(), "coming": k.Coming(), "faulty": k.Faulty(), "isolated": k.Isolated,
			} {
				if is {
					at[k.PoolID].Desktops[state] += k.Count
				}
			}
		}
		waiting, err := ReadWaiting(ctx, tx, ids...)
		for _, w := range waiting {
			at[w.PoolID].Waiting++
		}
		return all, err
	})
}
