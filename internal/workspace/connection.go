package workspace

import (
	"context"
	"time"
)

// ConnectionService is what people do in the portal with desktops and pools that they have, and what gateways tell of their connections. Each method is one
// transaction; the work on machines is left to the job runner. Methods may be called concurrently, by several processes on one database.
type ConnectionService struct {
	Store        Store
	SecondFactor SecondFactor
}

// Admit takes a ticket and says what it admits to. CodeBadCredentials when there is no such ticket any more; CodeForbidden
// when its user may no longer have the desktop; CodeConflict when the desktop is not running. The ticket is used up in any
// case.
func (s *ConnectionService) Admit(ctx context.Context, token string) (Ticket, error) {
	type admission struct {
		ticket  Ticket
		refusal error
	}
	a, err := update(ctx, s.Store, func(tx Tx) (a admission, err error) {
		a.ticket, err = tx.TakeTicket(ctx, HashToken(token))
		if CodeOf(err) == CodeForbidden {
			a.refusal = &Error{Code: CodeBadCredentials, Message: "the ticket is unknown, used or too old"}
			return a, nil
		}
		if err != nil {
			return a, err
		}
		_, a.refusal = mayConnect(ctx, tx, a.ticket)
		return a, nil
	})
	if err == nil {
		err = a.refusal
	}
	return a.ticket, err
}

// OpenConnection records an open display, unless its grounds went away since Admit (the same errors). The desktop's login
// status becomes CONNECTED.
func (s *ConnectionService) OpenConnection(ctx context.Context, t Ticket, c Connection) error {
	return s.Store.Update(ctx, func(tx Tx) error {
		d, err := mayConnect(ctx, tx, t)
		if err != nil {
			return err
		}
		locked, err := tx.LockDesktops(ctx, d.ProjectID, []string{d.ID})
		if err != nil {
			return err
		}
		if len(locked) == 0 {
			return &Error{Code: CodeDesktopNotFound, Message: "this desktop has been deleted"}
		}
		if err := tx.InsertConnection(ctx, c); err != nil {
			return err
		}
		if err := Remind(ctx, tx, d.ID); err != nil {
			return err
		}
		d = locked[0]
		if d.Status != StatusActive || d.Login == LoginConnected {
			return nil
		}
		was := d.Login
		d.Login = LoginConnected
		return SaveSession(ctx, tx, d, was)
	})
}

// MayConnect says why a ticket's holder may not have the display now, or nil; the errors are Admit's and
// CodeDesktopNotFound. The ticket itself need not be there any more.
func (s *ConnectionService) MayConnect(ctx context.Context, t Ticket) error {
	return s.Store.View(ctx, func(tx Tx) error {
		_, err := mayConnect(ctx, tx, t)
		return err
	})
}

// NoteStopped records that a desktop that should run was found off or asleep, as after somebody shut it down from inside,
// so that its people can start it. A desktop with a task is left alone: its job knows better.
func (s *ConnectionService) NoteStopped(ctx context.Context, desktopID string, hibernated bool) error {
	return s.Store.Update(ctx, func(tx Tx) error {
		found, err := tx.ReadDesktop(ctx, "", desktopID)
		if err != nil {
			return err
		}
		locked, err := tx.LockDesktops(ctx, found.ProjectID, []string{desktopID})
		if err != nil || len(locked) == 0 || locked[0].Task != NoTask || locked[0].Status != StatusActive {
			return err
		}
		d := locked[0]
		was := d.Login
		d.Status, d.Login = StatusShutoff, LoginUnregistered
		if hibernated {
			d.Status = StatusHibernated
		}
		return SaveSession(ctx, tx, d, was)
	})
}

// CloseConnection forgets a connection. After a desktop's last one its login status becomes DISCONNECTED. Closing what is
// closed succeeds.
func (s *ConnectionService) CloseConnection(ctx context.Context, id, desktopID string) error {
	return s.Store.Update(ctx, func(tx Tx) error {
		if err := tx.DeleteConnection(ctx, id); err != nil {
			return err
		}
		return SettleLogin(ctx, tx, desktopID)
	})
}

// RenewConnections extends the lease of all connections of a gateway.
func (s *ConnectionService) RenewConnections(ctx context.Context, gateway string, lease time.Duration) error {
	return s.Store.Update(ctx, func(tx Tx) error { return tx.ExtendConnections(ctx, gateway, tx.Now().Add(lease)) })
}

// SweepConnections forgets the connections of gateways that have died and returns how many those were.
func (s *ConnectionService) SweepConnections(ctx context.Context) (int, error) {
	return update(ctx, s.Store, func(tx Tx) (int, error) {
		stale, err := tx.DropStaleConnections(ctx)
		if err != nil {
			return 0, err
		}
		for _, c := range stale {
			if err := SettleLogin(ctx, tx, c.DesktopID); err != nil {
				return 0, err
			}
		}
		return len(stale), nil
	})
}

// EndedConnection is a connection that must not go on, and why: CodeBadCredentials or CodeForbidden when its grounds went
// away, CodeConflict when the desktop does not run, CodeNameTaken when the same user has opened the same desktop again.
type EndedConnection struct {
	ID  string
	Why error
}

// CheckConnections returns those of a gateway's connections, given by id, that must not go on.
func (s *ConnectionService) CheckConnections(ctx context.Context, gateway string, ids []string) ([]EndedConnection, error) {
	return view(ctx, s.Store, func(tx Tx) ([]EndedConnection, error) {
		grounds, err := tx.ReadGrounds(ctx, gateway)
		if err != nil {
			return nil, err
		}
		return EndedConnections(ids, grounds, tx.Now()), nil
	})
}

// EndedConnections decides which connections must not go on. One whose row is gone has lost its desktop, or its gateway was
// away for longer than its lease: either way it ends.
func EndedConnections(ids []string, grounds []Grounds, now time.Time) []EndedConnection {
	byID := make(map[string]Grounds, len(grounds))
	for _, g := range grounds {
		byID[g.ConnectionID] = g
	}
	var ended []EndedConnection
	for _, id := range ids {
		g, ok := byID[id]
		if !ok {
			ended = append(ended, EndedConnection{id, &Error{Code: CodeUnavailable, Message: "the connection's row is gone"}})
		} else if why := g.Gone(now); why != nil {
			ended = append(ended, EndedConnection{id, why})
		}
	}
	return ended
}

func (g Grounds) Gone(now time.Time) error {
	if err := MayWork(User{Locked: g.Locked, Disabled: g.Disabled, Expires: g.UserExpires}, now); err != nil {
		return err
	}
	switch {
	case !g.SignedIn:
		return SignedOut()
	case !g.Assigned:
		return &Error{Code: CodeForbidden, Message: "this desktop is no longer yours"}
	case g.Replaced:
		return &Error{Code: CodeNameTaken, Message: "you have opened this desktop in another window"}
	case g.Status == StatusHibernating || g.Status == StatusHibernated || g.Status == StatusShutoff:
		return &Error{Code: CodeConflict, Message: "this desktop is not running"} // a hibernated one would hang, not end
	}
	return nil
}

// mayConnect says why a ticket's user may not have its desktop's display now, or returns the desktop.
func mayConnect(ctx context.Context, tx Tx, t Ticket) (Desktop, error) {
	d, err := tx.ReadDesktop(ctx, "", t.DesktopID)
	if err != nil {
		return Desktop{}, err
	}
	u, err := tx.ReadUser(ctx, d.ProjectID, t.UserID)
	if CodeOf(err) == CodeUserNotFound {
		return Desktop{}, SignedOut()
	}
	if err != nil {
		return Desktop{}, err
	}
	if err := MayWork(u, tx.Now()); err != nil {
		return Desktop{}, err
	}
	if _, err := tx.ReadSignIn(ctx, t.SignInHash); err != nil {
		return Desktop{}, err
	}
	theirs, err := mayUse(ctx, tx, d.ID, u.ID)
	if err != nil {
		return Desktop{}, err
	}
	if !theirs {
		return Desktop{}, &Error{Code: CodeForbidden, Message: "this desktop is no longer yours"}
	}
	return d, mayOpen(d)
}

// SettleLogin makes a desktop DISCONNECTED when it was CONNECTED and nobody is. A desktop that is gone is settled.
func SettleLogin(ctx context.Context, tx Tx, desktopID string) error {
	found, err := tx.ReadDesktop(ctx, "", desktopID)
	if CodeOf(err) == CodeDesktopNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	locked, err := tx.LockDesktops(ctx, found.ProjectID, []string{desktopID})
	if err != nil || len(locked) == 0 || locked[0].Login != LoginConnected {
		return err
	}
	open, err := tx.Connections(ctx, desktopID)
	if err != nil || len(open) > 0 {
		return err
	}
	d := locked[0]
	d.Login = LoginDisconnected
	return SaveSession(ctx, tx, d, LoginConnected)
}
