package workspace

import "context"

// Occupancy is what the desktops of a pool are to its people now.
type Occupancy struct {
	PoolID   string
	Desktops map[string]int // how many are "idle", "bound", "coming", "faulty" and "isolated"; all five are there
	Waiting  int            // people
}

// Occupancy reads that of the oldest pools of all projects, in a fixed number of statements.
func (s *PoolService) Occupancy(ctx context.Context, limit int) ([]Occupancy, error) {
	return view(ctx, s.Store, func(tx Tx) ([]Occupancy, error) {
		pools, _, err := tx.Pools(ctx, PoolQuery{Page: Page{Limit: limit}})
		if err != nil || len(pools) == 0 {
			return nil, err
		}
		all, at, ids := make([]Occupancy, len(pools)), map[string]*Occupancy{}, make([]string, len(pools))
		for i, p := range pools {
			all[i] = Occupancy{PoolID: p.ID, Desktops: map[string]int{"idle": 0, "bound": 0, "coming": 0, "faulty": 0, "isolated": 0}}
			at[p.ID], ids[i] = &all[i], p.ID
		}
		kinds, err := tx.MemberKinds(ctx, ids...)
		if err != nil {
			return nil, err
		}
		for _, k := range kinds {
			for state, is := range map[string]bool{
				"idle": k.Idle(), "bound": k.Bound(), "coming": k.Coming(), "faulty": k.Faulty(), "isolated": k.Isolated,
			} {
				at[k.PoolID].Desktops[state] += Count(is) * k.Count
			}
		}
		waiting, err := tx.ReadWaiting(ctx, ids...)
		for _, w := range waiting {
			at[w.PoolID].Waiting++
		}
		return all, err
	})
}
