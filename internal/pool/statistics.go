package pool

import (
	"context"

	"carrel/internal/desktop"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Statistics are how many desktops of a pool there are in each state.
type Statistics struct {
	ID, Name string
	desktop.Statistics
}

// Statistics counts the desktops that match by state, and those of each of the query's pools that exists on its own, in the order of the query.
// At most 100 pools.
func (s *Service) Statistics(ctx context.Context, q desktop.DesktopQuery) (all desktop.Statistics, ofPools []Statistics, err error) {
	err = s.Store.View(ctx, func(tx *store.Tx) error {
		counts, err := desktop.ReadCounts(ctx, tx, q)
		if err != nil {
			return err
		}
		all = desktop.StatisticsOf(counts)
		if len(q.PoolIDs) == 0 {
			return nil
		}
		pools, _, err := Pools(ctx, tx, PoolQuery{ProjectID: q.ProjectID, IDs: q.PoolIDs, Page: workspace.Page{Limit: len(q.PoolIDs)}})
		if err != nil {
			return err
		}
		names := map[string]string{}
		for _, p := range pools {
			names[p.ID] = p.Name
		}
		ofPools = statisticsOfPools(q.PoolIDs, names, counts)
		return nil
	})
	return all, ofPools, err
}

// statisticsOfPools adds counts up for each pool that has a name, once for each id.
func statisticsOfPools(ids []string, names map[string]string, counts []desktop.Count) (all []Statistics) {
	at := map[string]int{}
	for _, id := range ids {
		if _, twice := at[id]; names[id] != "" && !twice {
			at[id] = len(all)
			all = append(all, Statistics{ID: id, Name: names[id]})
		}
	}
	for _, c := range counts {
		if i, there := at[c.PoolID]; there {
			all[i].Add(c)
		}
	}
	return all
}
