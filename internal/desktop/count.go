package desktop

import (
	"context"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Count is how many desktops of a pool have a state in common. PoolID is empty outside pools.
type Count struct {
	PoolID        string
	Status        DesktopStatus
	Task          workspace.Task
	Login         LoginStatus
	InMaintenance bool
	Assigned      bool
	Desktops      int
}

// Statistics are how many desktops there are in each state.
type Statistics struct {
	Total int

	// By power state. One that changes its state counts with the state that it leaves, one that is being created with none.
	Active, Stopped, Hibernated, Failed int

	// By session. A desktop in maintenance mode that has no session cannot be connected to; one that is off is unregistered.
	Unregistered, Ready, Connected, Disconnected, UnableToConnect int

	// By assignment.
	Assigned, Unassigned, Assigning int
}

// Add counts desktops that have a state in common.
func (s *Statistics) Add(c Count) {
	s.Total += c.Desktops
	switch c.Status {
	case StatusActive, StatusStopping, StatusRestarting, StatusHibernating:
		s.Active += c.Desktops
	case StatusShutoff, StatusStarting:
		s.Stopped += c.Desktops
	case StatusHibernated, StatusAwakening:
		s.Hibernated += c.Desktops
	case StatusError:
		s.Failed += c.Desktops
	case StatusCreating:
	}
	switch {
	case c.Login == LoginConnected:
		s.Connected += c.Desktops
	case c.Login == LoginDisconnected:
		s.Disconnected += c.Desktops
	case c.Login == LoginRegistered && c.InMaintenance:
		s.UnableToConnect += c.Desktops
	case c.Login == LoginRegistered:
		s.Ready += c.Desktops
	default:
		s.Unregistered += c.Desktops
	}
	switch {
	case c.Task == workspace.TaskAttaching:
		s.Assigning += c.Desktops
	case c.Assigned:
		s.Assigned += c.Desktops
	default:
		s.Unassigned += c.Desktops
	}
}

// StatisticsOf adds counts up.
func StatisticsOf(counts []Count) (s Statistics) {
	for _, c := range counts {
		s.Add(c)
	}
	return s
}

// Counts counts the desktops that match, by pool and state.
func (s *Service) Counts(ctx context.Context, q DesktopQuery) ([]Count, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) ([]Count, error) { return ReadCounts(ctx, tx, q) })
}
