package desktoptest

import (
	"context"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

// AddSessions signs the user in and opens the desktop; an unused ticket and a password token remain.
func (e *Env) AddSessions(on string) {
	e.Helper()
	soon := e.Clock.Now().Add(time.Minute)
	e.Update(func(tx *store.Tx) error {
		ctx, user := e.Context(), storetest.UserOf(storetest.Project)
		if err := signin.InsertSignIn(ctx, tx, signin.SignIn{TokenHash: "sign-in", UserID: user, Created: e.Clock.Now(), Expires: soon}); err != nil {
			return err
		}
		if err := signin.InsertTicket(ctx, tx, signin.Ticket{TokenHash: "ticket", DesktopID: on, UserID: user, Account: "person", SignInHash: "sign-in", Expires: soon}); err != nil {
			return err
		}
		if err := signin.InsertPasswordToken(ctx, tx, signin.PasswordToken{TokenHash: "password", UserID: user, Expires: soon}); err != nil {
			return err
		}
		return desktop.InsertConnection(ctx, tx, desktop.Connection{ID: "c", DesktopID: on, UserID: user, SignInHash: "sign-in", Gateway: "g",
			Opened: e.Clock.Now(), LeaseUntil: soon})
	})
}

// NoSessions checks that nothing is left of AddSessions.
func (e *Env) NoSessions(desktop string) {
	e.Helper()
	e.Refuses(workspace.CodeBadCredentials, e.ReadSignIn)
	e.Refuses(workspace.CodeForbidden, e.TakeTicket)
	e.Refuses(workspace.CodeForbidden, e.ReadPasswordToken)
	e.Same(len(e.Connections(desktop)), 0)
}

// ReadSignIn reads the sign-in of AddSessions.
func (e *Env) ReadSignIn(tx *store.Tx) error {
	_, err := signin.ReadSignIn(e.Context(), tx, "sign-in")
	return err
}

// TakeTicket uses the ticket of AddSessions.
func (e *Env) TakeTicket(tx *store.Tx) error {
	_, err := signin.TakeTicket(e.Context(), tx, "ticket")
	return err
}

// ReadPasswordToken reads the password token of AddSessions.
func (e *Env) ReadPasswordToken(tx *store.Tx) error {
	_, err := signin.ReadPasswordToken(e.Context(), tx, "password")
	return err
}

// Connections reads the open connections to a desktop.
func (e *Env) Connections(on string) []desktop.Connection {
	e.Helper()
	return storetest.Get(e, func(ctx context.Context, tx *store.Tx) ([]desktop.Connection, error) {
		return desktop.Connections(ctx, tx, on)
	})
}
