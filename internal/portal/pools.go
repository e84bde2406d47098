package portal

import (
	"net/http"
	"time"

	"carrel/internal/connection"
	"carrel/internal/pool"
	"carrel/internal/signin"
)

// The stream of events has the same body as GET pools: one at the start, and one after every change. While the stream is open, waiting users
// keep their places; the page need not ask again. When waiting.ready becomes true it opens the pool once more. An open that finds the user
// waiting answers WAIT again.
//
// Pool desktops are also in the list of desktops, with their pool_id, so that the page of an open display finds them; the overview shows
// them only in their pool's card.

// poolCard is a pool in the response to its user.
type poolCard struct {
	ID          string               `json:"id"`
	Name        string               `json:"name"`
	Description string               `json:"description,omitempty"`
	Type        pool.PoolType        `json:"type" enum:"DYNAMIC,STATIC" doc:"STATIC: their desktop stays theirs for good"`
	State       connection.PoolState `json:"state" enum:"yours,waiting,ready,grows,full,maintenance"`
	Sentence    string               `json:"sentence,omitempty" doc:"The state in plain English"`

	Desktop *card      `json:"desktop,omitempty" doc:"The user's, of the state yours"`
	Ends    *time.Time `json:"ends,omitempty" doc:"When the user loses the desktop without connecting"`

	Waiting *waitBody `json:"waiting,omitempty" doc:"Of the state waiting"`

	MayReset    bool   `json:"may_reset"`
	ResetWhyNot string `json:"reset_why_not,omitempty" doc:"In plain English; absent if users may never reset"`

	Rebuild *rebuildBody `json:"rebuild,omitempty" doc:"A rebuild of their desktop that counts down"`
}

// waitBody is the progress shown to a waiting user.
type waitBody struct {
	Since    time.Time  `json:"since"`
	Position int        `json:"position" doc:"1 is the next"`
	Ready    bool       `json:"ready" doc:"Open the pool now"`
	Coming   int        `json:"coming" doc:"Desktops being created, started or reset for users who wait"`
	Percent  int        `json:"percent" doc:"Of the one that they will probably get"`
	Step     string     `json:"step,omitempty"`
	Paused   *time.Time `json:"paused_until,omitempty" doc:"Making desktops failed several times, and is tried again then"`
	Sentence string     `json:"sentence"`
}

// rebuildBody is a scheduled rebuild of the user's desktop.
type rebuildBody struct {
	At      time.Time `json:"at"`
	Message string    `json:"message,omitempty" doc:"The administrator's"`
	Ready   bool      `json:"ready" doc:"They have said that they are"`
}

// openBody is the result of opening a pool.
type openBody struct {
	Outcome  pool.Outcome `json:"outcome" enum:"SAME,NEW,WAIT,FULL,SHUT" doc:"SAME and NEW: a desktop; FULL and SHUT: none"`
	Sentence string       `json:"sentence,omitempty"`
	Desktop  string       `json:"desktop_id,omitempty"`
	Ticket   string       `json:"ticket,omitempty" doc:"Opens the display now; absent while the desktop is being started"`
	Pool     poolCard     `json:"pool"`
}

func poolCardOf(p connection.UserPool) poolCard {
	c := poolCard{
		ID: p.ID, Name: p.Name, Description: p.Description, Type: p.Type, State: p.State, Sentence: p.Reason,
		MayReset: p.MayReset, ResetWhyNot: p.ResetWhyNot,
	}
	if p.Desktop != nil {
		own := cardOf(*p.Desktop)
		c.Desktop = &own
	}
	if !p.Ends.IsZero() {
		c.Ends = &p.Ends
	}
	if w := p.Wait; w != nil {
		c.Waiting = &waitBody{
			Since: w.Since, Position: w.Position, Ready: w.Ready, Coming: w.Coming, Percent: w.Percent, Step: w.Step, Sentence: w.Reason,
		}
		if !w.Paused.IsZero() {
			c.Waiting.Paused = &w.Paused
		}
	}
	if r := p.Rebuild; r != nil {
		c.Rebuild = &rebuildBody{At: r.At, Message: r.Message, Ready: r.Left}
	}
	return c
}

func poolCardsOf(pools []connection.UserPool) []poolCard {
	cards := make([]poolCard, 0, len(pools))
	for _, p := range pools {
		cards = append(cards, poolCardOf(p))
	}
	return cards
}

type poolsBody struct {
	Pools []poolCard `json:"pools"`
}

func (p *Portal) pools(r *http.Request, v signin.Visitor, _ *none) (*answer[poolsBody], error) {
	pools, err := p.Desktops.UserPools(r.Context(), v)
	if err != nil {
		return nil, err
	}
	return &answer[poolsBody]{Body: poolsBody{poolCardsOf(pools)}}, nil
}

type poolInput struct {
	ID string `path:"id"`
}

func (p *Portal) openPool(r *http.Request, v signin.Visitor, in *poolInput) (*answer[openBody], error) {
	defer p.follower.nudge()
	o, err := p.Desktops.OpenPool(r.Context(), v, in.ID)
	if err != nil {
		return nil, err
	}
	return &answer[openBody]{Body: openBody{
		Outcome: o.Outcome, Sentence: o.Pool.Reason, Desktop: o.DesktopID, Ticket: o.Ticket, Pool: poolCardOf(o.Pool),
	}}, nil
}

func (p *Portal) stopWaiting(r *http.Request, v signin.Visitor, in *poolInput) (*none, error) {
	if err := p.Desktops.StopWaiting(r.Context(), v, in.ID); err != nil {
		return nil, err
	}
	p.follower.nudge()
	return nil, nil
}

func (p *Portal) resetDesktop(r *http.Request, v signin.Visitor, in *poolInput) (*none, error) {
	if err := p.Desktops.ResetUserDesktop(r.Context(), v, in.ID); err != nil {
		return nil, err
	}
	p.follower.nudge()
	return nil, nil
}

func (p *Portal) readyForRebuild(r *http.Request, v signin.Visitor, in *poolInput) (*none, error) {
	if err := p.Desktops.ReadyForRebuild(r.Context(), v, in.ID); err != nil {
		return nil, err
	}
	p.follower.nudge()
	return nil, nil
}
