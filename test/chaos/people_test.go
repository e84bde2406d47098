package chaos

import (
	"context"
	"fmt"
	"strings"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/pool"
	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/user"
	"carrel/internal/workspace"
)

// person is somebody with an account and a way in.
type person struct {
	name    string
	visitor signin.Visitor
}

// hire makes a new person who is signed in.
func (e *env) hire() *person {
	ctx := context.Background()
	e.serial++
	name := fmt.Sprintf("person-%d", e.serial)
	id, err := e.service.Users.CreateUser(ctx, user.CreateUser{Caller: caller(), Name: name, Email: name + "@example.com"})
	e.must(err)
	u, err := e.service.Directory.User(ctx, project, id)
	e.must(err)
	p := &person{name: name, visitor: signin.Visitor{User: u}}
	e.signIn(p)
	e.people = append(e.people, p)
	return p
}

// signIn gives a person a sign-in, or none if there is no such person any more.
func (e *env) signIn(p *person) {
	ctx := context.Background()
	e.serial++
	p.visitor.SignInHash = workspace.HashToken(fmt.Sprintf("%s %d", p.name, e.serial))
	s := signin.SignIn{TokenHash: p.visitor.SignInHash, UserID: p.visitor.ID}
	e.must(e.store.Update(ctx, func(tx *store.Tx) error {
		if _, err := directory.ReadUser(ctx, tx, project, p.visitor.ID); err != nil {
			return nil //nolint:nilerr // nobody is left to sign in
		}
		s.Created, s.Expires = tx.Now(), tx.Now().Add(1000*time.Hour)
		return signin.InsertSignIn(ctx, tx, s)
	}))
}

// open opens a pool for a person, and their display if there is one.
func (e *env) open(p *person, from pool.Pool) {
	v := p.visitor
	e.async(fmt.Sprintf("%s opens %s", p.name, from.Name), func(ctx context.Context) (string, error) {
		o, err := e.service.Connections.OpenPool(ctx, v, from.ID)
		if err != nil || o.Ticket == "" {
			return string(o.Outcome), err
		}
		return string(o.Outcome) + " " + e.look(o.Ticket), nil
	})
}

// look opens the display that a ticket is for, and works there.
func (e *env) look(ticket string) string {
	t, err := e.gateway.admit(ticket)
	if err != nil {
		e.unexpected("opening a display", err)
		return "no display: " + err.Error()
	}
	return "sees " + e.work(t.DesktopID, t.UserID)
}

// work looks round in a desktop that a person is in, and leaves a file on each of its disks. The transaction keeps everybody else
// from changing the desktop's row meanwhile.
func (e *env) work(desktopID, userID string) string {
	ctx := context.Background()
	seen := "nothing: it is not theirs now"
	e.must(e.store.Update(ctx, func(tx *store.Tx) error {
		found, err := desktop.LockDesktops(ctx, tx, project, []string{desktopID})
		if err != nil || len(found) == 0 {
			return err
		}
		d := found[0]
		if d.PoolID == "" || d.Status != desktop.StatusActive || d.Login != desktop.LoginConnected || len(d.Assignments) != 1 || d.Assignments[0].UserID != userID {
			return nil
		}
		if d.Task != workspace.NoTask && d.Task != workspace.TaskAttaching {
			return nil
		}
		seen = d.Name
		for disk, path := range e.paths(d.ID) {
			if content, there := e.sim.ReadFile(d.ID, path); there && !strings.HasPrefix(content, userID) {
				e.violation("%s of %s holds a file of %s, and %s sees it", disk, d.Name, content, userID)
			}
			if err := e.sim.WriteFile(ctx, d.ID, path, userID+" on "+d.Name); err != nil {
				seen += ", cannot write: " + err.Error()
			}
		}
		return nil
	}))
	return seen
}

// paths are where a file on each disk of a machine is, by the disk.
func (e *env) paths(desktopID string) map[string]string {
	paths := map[string]string{"the system disk": "/home/secret"}
	m, err := e.sim.Find(context.Background(), desktopID)
	if err != nil {
		return nil
	}
	for i, d := range m.Data {
		paths[fmt.Sprintf("data disk %d", i)] = d.Mount + "/secret"
	}
	return paths
}

// leaveAll closes every display.
func (e *env) leaveAll() {
	for _, l := range e.gateway.of("") {
		e.gateway.close(l.id)
	}
}

func (e *env) openPool() {
	if pool, ok := e.anyPool(); ok {
		e.open(e.anyPerson(), pool)
	}
}

// openDesktop opens a desktop that a person has, and starts it if it is off.
func (e *env) openDesktop() {
	p := e.anyPerson()
	own, err := e.service.Connections.UserDesktops(context.Background(), p.visitor)
	if err != nil || len(own) == 0 {
		return
	}
	d := own[e.draw.IntN(len(own))]
	v := p.visitor
	e.async(fmt.Sprintf("%s opens %s", p.name, d.Name), func(ctx context.Context) (string, error) {
		ticket, err := e.service.Connections.OpenDesktop(ctx, v, d.ID)
		if workspace.CodeOf(err) == workspace.CodeConflict {
			return "starts it", e.service.Connections.RunPowerAction(ctx, v, d.ID, desktop.PowerStart)
		}
		if err != nil {
			return "", err
		}
		return e.look(ticket), nil
	})
}

// leave closes a person's displays.
func (e *env) leave() {
	p := e.anyPerson()
	links := e.gateway.of(p.visitor.ID)
	if len(links) == 0 {
		return
	}
	e.do(p.name+" leaves", func(context.Context) error {
		for _, l := range links {
			e.gateway.close(l.id)
		}
		return nil
	})
}

// workOn has a person who is connected write more.
func (e *env) workOn() {
	l, ok := pick(e, e.gateway.of(""))
	if ok {
		e.async("somebody works on", func(context.Context) (string, error) { return e.work(l.desktopID, l.userID), nil })
	}
}

// signOut ends a person's sign-in; they come back with another.
func (e *env) signOut() {
	p := e.anyPerson()
	was := p.visitor.SignInHash
	e.do(p.name+" signs out", func(ctx context.Context) error {
		return e.store.Update(ctx, func(tx *store.Tx) error { return signin.DeleteSignIn(ctx, tx, was) })
	})
	e.signIn(p)
}

// lock locks a person out or lets them in.
func (e *env) lock() {
	p := e.anyPerson()
	if e.chance(3) {
		e.do("lock "+p.name, func(ctx context.Context) error {
			return e.service.SignIn.ActOnUser(ctx, caller(), p.visitor.ID, signin.LockOut)
		})
		return
	}
	e.do("unlock "+p.name, func(ctx context.Context) error {
		return e.service.SignIn.ActOnUser(ctx, caller(), p.visitor.ID, signin.LetIn)
	})
	e.signIn(p)
}

// deleteUser deletes a person, for whom another may come.
func (e *env) deleteUser() {
	p := e.anyPerson()
	e.do("delete "+p.name, func(ctx context.Context) error { return e.service.Users.DeleteUser(ctx, caller(), p.visitor.ID) })
	if len(e.people) < mostPeople {
		e.note("%s comes", e.hire().name)
	}
}

// resetOwnDesktop has a person reset the desktop that they have in a pool.
func (e *env) resetOwnDesktop() {
	pool, ok := e.anyPool()
	if !ok {
		return
	}
	p := e.anyPerson()
	v := p.visitor
	e.do(fmt.Sprintf("%s resets their desktop of %s", p.name, pool.Name), func(ctx context.Context) error {
		return e.service.Connections.ResetUserDesktop(ctx, v, pool.ID)
	})
}

// ready has a person say that their desktop may be rebuilt now.
func (e *env) ready() {
	l, ok := pick(e, e.gateway.of(""))
	if !ok {
		return
	}
	for _, p := range e.people {
		if p.visitor.ID == l.userID {
			v := p.visitor
			e.do(p.name+" is ready for the rebuild", func(ctx context.Context) error { return e.service.Connections.MarkReady(ctx, v, l.desktopID) })
		}
	}
}

// wait has somebody stay on the waiting lists, or leave one.
func (e *env) wait() {
	p := e.anyPerson()
	v := p.visitor
	if pool, ok := e.anyPool(); ok && e.chance(2) {
		e.do(fmt.Sprintf("%s waits no longer for %s", p.name, pool.Name), func(ctx context.Context) error {
			return e.service.Connections.StopWaiting(ctx, v, pool.ID)
		})
		return
	}
	e.do(p.name+" goes on waiting", func(ctx context.Context) error { return e.service.Connections.KeepWaiting(ctx, []string{v.ID}) })
}
