package connection

import (
	"context"
	"time"

	"carrel/internal/assignment"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/rollout"
	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/usage"
	"carrel/internal/workspace"
)

// Service has the operations of users on their desktops and pools, and of gateways on their connections. Each method is one transaction; the job
// runner does the work on machines. Methods are safe for concurrent use, also by several processes on one database.
type Service struct {
	Store        store.Transactions
	SecondFactor signin.SecondFactor
}

// Admit redeems a ticket and returns it. It returns CodeBadCredentials if the ticket does not exist, CodeForbidden if its user has lost the
// desktop, and CodeConflict if the desktop is not running. The ticket is redeemed in any case.
func (s *Service) Admit(ctx context.Context, token string) (signin.Ticket, error) {
	type admission struct {
		ticket  signin.Ticket
		refusal error
	}
	a, err := store.Update(ctx, s.Store, func(tx *store.Tx) (a admission, err error) {
		a.ticket, err = signin.TakeTicket(ctx, tx, workspace.HashToken(token))
		if workspace.CodeOf(err) == workspace.CodeForbidden {
			a.refusal = &workspace.Error{Code: workspace.CodeBadCredentials, Message: "the ticket is unknown, used or too old"}
			return a, nil
		}
		if err != nil {
			return a, err
		}
		_, _, a.refusal = mayConnect(ctx, tx, a.ticket)
		return a, nil
	})
	if err == nil {
		err = a.refusal
	}
	return a.ticket, err
}

// OpenConnection records an open display, unless it is no longer allowed since Admit (same errors). The desktop's login status becomes
// CONNECTED.
func (s *Service) OpenConnection(ctx context.Context, t signin.Ticket, c desktop.Connection) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		d, u, err := mayConnect(ctx, tx, t)
		if err != nil {
			return err
		}
		locked, err := desktop.LockDesktops(ctx, tx, d.ProjectID, []string{d.ID})
		if err != nil {
			return err
		}
		if len(locked) == 0 {
			return &workspace.Error{Code: workspace.CodeDesktopNotFound, Message: "this desktop has been deleted"}
		}
		if err := desktop.InsertConnection(ctx, tx, c); err != nil {
			return err
		}
		err = usage.Begin(ctx, tx, usage.Session{ID: c.ID, ProjectID: d.ProjectID, DesktopID: d.ID, UserID: u.ID, UserName: u.Name, Begun: c.Opened})
		if err != nil {
			return err
		}
		if err := rollout.Remind(ctx, tx, d.ID); err != nil {
			return err
		}
		d = locked[0]
		if d.Status != desktop.StatusActive || d.Login == desktop.LoginConnected {
			return nil
		}
		was := d.Login
		d.Login = desktop.LoginConnected
		return desktop.SaveSession(ctx, tx, d, was)
	})
}

// MayConnect returns nil if a ticket's user may have the display now; errors as Admit, and CodeDesktopNotFound. The ticket itself may have been
// redeemed.
func (s *Service) MayConnect(ctx context.Context, t signin.Ticket) error {
	return s.Store.View(ctx, func(tx *store.Tx) error {
		_, _, err := mayConnect(ctx, tx, t)
		return err
	})
}

// NoteStopped records that a desktop that should run is off or hibernated, for example after a shutdown from inside, so that its users can start
// it. A desktop with a task is not changed: its job determines the state.
func (s *Service) NoteStopped(ctx context.Context, desktopID string, hibernated bool) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		found, err := desktop.ReadDesktop(ctx, tx, "", desktopID)
		if err != nil {
			return err
		}
		locked, err := desktop.LockDesktops(ctx, tx, found.ProjectID, []string{desktopID})
		if err != nil || len(locked) == 0 || locked[0].Task != workspace.NoTask || locked[0].Status != desktop.StatusActive {
			return err
		}
		d := locked[0]
		was := d.Login
		d.Status, d.Login = desktop.StatusShutoff, desktop.LoginUnregistered
		if hibernated {
			d.Status = desktop.StatusHibernated
		}
		return desktop.SaveSession(ctx, tx, d, was)
	})
}

// CloseConnection deletes a connection. After a desktop's last one its login status becomes DISCONNECTED. It succeeds if the connection does not
// exist.
func (s *Service) CloseConnection(ctx context.Context, id, desktopID string) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := desktop.DeleteConnection(ctx, tx, id); err != nil {
			return err
		}
		if err := usage.End(ctx, tx, id); err != nil {
			return err
		}
		return assignment.SettleLogin(ctx, tx, desktopID)
	})
}

// RenewConnections extends the lease of all connections of a gateway.
func (s *Service) RenewConnections(ctx context.Context, gateway string, lease time.Duration) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error { return desktop.ExtendConnections(ctx, tx, gateway, tx.Now().Add(lease)) })
}

// SweepConnections deletes the connections of gateways that have died and returns their number. It also ends the sessions of connections that were
// not closed.
func (s *Service) SweepConnections(ctx context.Context) (int, error) {
	return store.Update(ctx, s.Store, func(tx *store.Tx) (int, error) {
		stale, err := desktop.DropStaleConnections(ctx, tx)
		if err != nil {
			return 0, err
		}
		for _, c := range stale {
			if err := assignment.SettleLogin(ctx, tx, c.DesktopID); err != nil {
				return 0, err
			}
		}
		return len(stale), usage.EndAbandoned(ctx, tx)
	})
}

// EndedConnection is a connection that has to be closed, with the reason: CodeBadCredentials or CodeForbidden if it is no longer allowed,
// CodeConflict if the desktop does not run, CodeNameTaken if the same user has opened the same desktop again.
type EndedConnection struct {
	ID  string
	Why error
}

// CheckConnections returns those of a gateway's connections, given by id, that have to be closed.
func (s *Service) CheckConnections(ctx context.Context, gateway string, ids []string) ([]EndedConnection, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) ([]EndedConnection, error) {
		grounds, err := desktop.ReadGrounds(ctx, tx, gateway)
		if err != nil {
			return nil, err
		}
		return EndedConnections(ids, grounds, tx.Now()), nil
	})
}

// EndedConnections decides which connections have to be closed. A connection without a row has lost its desktop, or its gateway was unreachable
// for longer than the lease: it is closed in both cases.
func EndedConnections(ids []string, grounds []desktop.Grounds, now time.Time) []EndedConnection {
	byID := make(map[string]desktop.Grounds, len(grounds))
	for _, g := range grounds {
		byID[g.ConnectionID] = g
	}
	var ended []EndedConnection
	for _, id := range ids {
		g, ok := byID[id]
		if !ok {
			ended = append(ended, EndedConnection{id, &workspace.Error{Code: workspace.CodeUnavailable, Message: "the connection has ended"}})
		} else if why := g.Gone(now); why != nil {
			ended = append(ended, EndedConnection{id, why})
		}
	}
	return ended
}

// mayConnect returns the desktop and the user if a ticket's user may have its display now.
func mayConnect(ctx context.Context, tx *store.Tx, t signin.Ticket) (desktop.Desktop, directory.User, error) {
	d, err := desktop.ReadDesktop(ctx, tx, "", t.DesktopID)
	if err != nil {
		return desktop.Desktop{}, directory.User{}, err
	}
	u, err := directory.ReadUser(ctx, tx, d.ProjectID, t.UserID)
	if workspace.CodeOf(err) == workspace.CodeUserNotFound {
		return desktop.Desktop{}, directory.User{}, signin.SignedOut()
	}
	if err != nil {
		return desktop.Desktop{}, directory.User{}, err
	}
	if err := signin.MayUseDesktops(u, tx.Now()); err != nil {
		return desktop.Desktop{}, directory.User{}, err
	}
	if _, err := signin.ReadSignIn(ctx, tx, t.SignInHash); err != nil {
		return desktop.Desktop{}, directory.User{}, err
	}
	theirs, err := mayUse(ctx, tx, d.ID, u.ID)
	if err != nil {
		return desktop.Desktop{}, directory.User{}, err
	}
	if !theirs {
		return desktop.Desktop{}, directory.User{}, &workspace.Error{Code: workspace.CodeForbidden, Message: "this desktop is no longer yours"}
	}
	return d, u, mayOpen(d)
}
