package order

import (
	"context"
	"time"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Limits of what a client may say about the period that it would pay for.
const maxPeriods = 9999

// Order is an order that was placed. It is also the row.
type Order struct {
	store.BaseModel `bun:"table:orders,alias:orders"`
	ID              string `bun:",pk"`
	ProjectID       string
	Type            string // what was ordered, in the words of the API: createDesktops, ADD_VOLUME
	JobID           string // the job that fulfils it; empty if there is nothing to do
	EnterpriseID    string
	Period          Period `bun:"embed:"`
	ActorID         string
	ActorName       string
	Created         time.Time
}

// Period is for how long a client would pay. It has no effect.
type Period struct {
	PeriodType int  // 2: months, 3: years, 4: hours; 0: not given
	PeriodNum  int  // how many
	AutoRenew  bool // go on afterwards
}

// Check returns what is wrong with a period, or nil. CodeInvalid.
func (p Period) Check(field string) error {
	switch {
	case p.PeriodType != 0 && (p.PeriodType < 2 || p.PeriodType > 4):
		return workspace.Invalid(field+"period_type", "%d is unknown, use 2 (month), 3 (year) or 4 (hour)", p.PeriodType)
	case p.PeriodNum < 0 || p.PeriodNum > maxPeriods:
		return workspace.Invalid(field+"period_num", "%d is out of range, use 0 to %d", p.PeriodNum, maxPeriods)
	}
	return nil
}

// Service places and lists orders. It is safe for concurrent use, also by several processes on one database.
type Service struct {
	Store    store.Transactions
	Requests *store.Requests
}

// Place has fulfil do what an order is for, and records the order, in one transaction: every View and Update that fulfil makes with its context is a
// part of it. fulfil gets the order's id, and returns that of the job that does the rest, or "". Place returns both, and the error of fulfil.
func (s *Service) Place(ctx context.Context, c workspace.Caller, o Order, fulfil func(ctx context.Context, orderID string) (string, error)) (orderID, jobID string, err error) {
	if err := o.Period.Check(""); err != nil {
		return "", "", err
	}
	o.ID = workspace.NewID()
	err = s.Requests.Together(ctx, func(ctx context.Context) error {
		var err error
		if o.JobID, err = fulfil(ctx, o.ID); err != nil {
			return err
		}
		return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
			o.ProjectID, o.ActorID, o.ActorName, o.Created = c.ProjectID, c.Actor.ID, c.Actor.Name, tx.Now()
			return insert(ctx, tx, o)
		}))
	})
	if err != nil {
		return "", "", err
	}
	return o.ID, o.JobID, nil
}

// Query selects orders of a project, newest first. Zero fields select all.
type Query struct {
	ProjectID string
	Type      string
	JobID     string
	workspace.Page
}

// List reads a page of orders and counts all that match.
func (s *Service) List(ctx context.Context, q Query) ([]Order, int, error) {
	return store.List(ctx, s.Store, func(tx *store.Tx) ([]Order, int, error) { return list(ctx, tx, q) })
}
