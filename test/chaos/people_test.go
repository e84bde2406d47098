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
func (w *world) hire() *person {
	ctx := context.Background()
	w.serial++
	name := fmt.Sprintf("person-%d", w.serial)
	id, err := w.service.Users.CreateUser(ctx, user.CreateUser{Caller: caller(), Name: name, Email: name + "@example.com"})
	w.must(err)
	u, err := w.service.Directory.User(ctx, project, id)
	w.must(err)
	p := &person{name: name, visitor: signin.Visitor{User: u}}
	w.signIn(p)
	w.people = append(w.people, p)
	return p
}

// signIn gives a person a sign-in, or none if there is no such person any more.
func (w *world) signIn(p *person) {
	ctx := context.Background()
	w.serial++
	p.visitor.SignInHash = workspace.HashToken(fmt.Sprintf("%s %d", p.name, w.serial))
	s := signin.SignIn{TokenHash: p.visitor.SignInHash, UserID: p.visitor.ID}
	w.must(w.store.Update(ctx, func(tx *store.Tx) error {
		if _, err := directory.ReadUser(ctx, tx, project, p.visitor.ID); err != nil {
			return nil //nolint:nilerr // nobody is left to sign in
		}
		s.Created, s.Expires = tx.Now(), tx.Now().Add(1000*time.Hour)
		return signin.InsertSignIn(ctx, tx, s)
	}))
}

// open opens a pool for a person, and their display if there is one.
func (w *world) open(p *person, from pool.Pool) {
	v := p.visitor
	w.async(fmt.Sprintf("%s opens %s", p.name, from.Name), func(ctx context.Context) (string, error) {
		o, err := w.service.Connections.OpenPool(ctx, v, from.ID, "")
		if err != nil || o.Ticket == "" {
			return string(o.Outcome), err
		}
		return string(o.Outcome) + " " + w.look(o.Ticket), nil
	})
}

// look opens the display that a ticket is for, and works there.
func (w *world) look(ticket string) string {
	t, err := w.gateway.admit(ticket)
	if err != nil {
		w.unexpected("opening a display", err)
		return "no display: " + err.Error()
	}
	return "sees " + w.work(t.DesktopID, t.UserID)
}

// work looks round in a desktop that a person is in, and leaves a file on each of its disks. The transaction keeps everybody else
// from changing the desktop's row meanwhile.
func (w *world) work(desktopID, userID string) string {
	ctx := context.Background()
	seen := "nothing: it is not theirs now"
	w.must(w.store.Update(ctx, func(tx *store.Tx) error {
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
		for disk, path := range w.paths(d.ID) {
			if content, there := w.sim.ReadFile(d.ID, path); there && !strings.HasPrefix(content, userID) {
				w.wrong("%s of %s holds a file of %s, and %s sees it", disk, d.Name, content, userID)
			}
			if err := w.sim.WriteFile(ctx, d.ID, path, userID+" on "+d.Name); err != nil {
				seen += ", cannot write: " + err.Error()
			}
		}
		return nil
	}))
	return seen
}

// paths are where a file on each disk of a machine is, by the disk.
func (w *world) paths(desktopID string) map[string]string {
	paths := map[string]string{"the system disk": "/home/secret"}
	m, err := w.sim.Find(context.Background(), desktopID)
	if err != nil {
		return nil
	}
	for i, d := range m.Data {
		paths[fmt.Sprintf("data disk %d", i)] = d.Mount + "/secret"
	}
	return paths
}

// leaveAll closes every display.
func (w *world) leaveAll() {
	for _, l := range w.gateway.of("") {
		w.gateway.close(l.id)
	}
}

func (w *world) openPool() {
	if pool, ok := w.anyPool(); ok {
		w.open(w.anyPerson(), pool)
	}
}

// openDesktop opens a desktop that a person has, and starts it if it is off.
func (w *world) openDesktop() {
	p := w.anyPerson()
	mine, err := w.service.Connections.MyDesktops(context.Background(), p.visitor.ID)
	if err != nil || len(mine) == 0 {
		return
	}
	d := mine[w.draw.IntN(len(mine))]
	v := p.visitor
	w.async(fmt.Sprintf("%s opens %s", p.name, d.Name), func(ctx context.Context) (string, error) {
		ticket, err := w.service.Connections.OpenDesktop(ctx, v, d.ID)
		if workspace.CodeOf(err) == workspace.CodeConflict {
			return "starts it", w.service.Connections.Operate(ctx, v, d.ID, desktop.OpStart, "")
		}
		if err != nil {
			return "", err
		}
		return w.look(ticket), nil
	})
}

// leave closes a person's displays.
func (w *world) leave() {
	p := w.anyPerson()
	links := w.gateway.of(p.visitor.ID)
	if len(links) == 0 {
		return
	}
	w.do(p.name+" leaves", func(context.Context) error {
		for _, l := range links {
			w.gateway.close(l.id)
		}
		return nil
	})
}

// workOn has a person who is connected write more.
func (w *world) workOn() {
	l, ok := pick(w, w.gateway.of(""))
	if ok {
		w.async("somebody works on", func(context.Context) (string, error) { return w.work(l.desktopID, l.userID), nil })
	}
}

// signOut ends a person's sign-in; they come back with another.
func (w *world) signOut() {
	p := w.anyPerson()
	was := p.visitor.SignInHash
	w.do(p.name+" signs out", func(ctx context.Context) error {
		return w.store.Update(ctx, func(tx *store.Tx) error { return signin.DeleteSignIn(ctx, tx, was) })
	})
	w.signIn(p)
}

// lock locks a person out or lets them in.
func (w *world) lock() {
	p := w.anyPerson()
	if w.chance(3) {
		w.do("lock "+p.name, func(ctx context.Context) error {
			return w.service.SignIn.ActOnUser(ctx, caller(), p.visitor.ID, signin.LockOut)
		})
		return
	}
	w.do("unlock "+p.name, func(ctx context.Context) error {
		return w.service.SignIn.ActOnUser(ctx, caller(), p.visitor.ID, signin.LetIn)
	})
	w.signIn(p)
}

// dismiss deletes a person, for whom another may come.
func (w *world) dismiss() {
	p := w.anyPerson()
	w.do("delete "+p.name, func(ctx context.Context) error { return w.service.Users.DeleteUser(ctx, caller(), p.visitor.ID) })
	if len(w.people) < mostPeople {
		w.note("%s comes", w.hire().name)
	}
}

// resetMine has a person reset the desktop that they have in a pool.
func (w *world) resetMine() {
	pool, ok := w.anyPool()
	if !ok {
		return
	}
	p := w.anyPerson()
	v := p.visitor
	w.do(fmt.Sprintf("%s resets their desktop of %s", p.name, pool.Name), func(ctx context.Context) error {
		return w.service.Connections.ResetMyDesktop(ctx, v, pool.ID, "")
	})
}

// ready has a person say that their desktop may be rebuilt now.
func (w *world) ready() {
	l, ok := pick(w, w.gateway.of(""))
	if !ok {
		return
	}
	for _, p := range w.people {
		if p.visitor.ID == l.userID {
			v := p.visitor
			w.do(p.name+" is ready for the rebuild", func(ctx context.Context) error { return w.service.Connections.MarkReady(ctx, v, l.desktopID) })
		}
	}
}

// wait has somebody stay on the waiting lists, or leave one.
func (w *world) wait() {
	p := w.anyPerson()
	v := p.visitor
	if pool, ok := w.anyPool(); ok && w.chance(2) {
		w.do(fmt.Sprintf("%s waits no longer for %s", p.name, pool.Name), func(ctx context.Context) error {
			return w.service.Connections.StopWaiting(ctx, v, pool.ID)
		})
		return
	}
	w.do(p.name+" goes on waiting", func(ctx context.Context) error { return w.service.Connections.KeepWaiting(ctx, []string{v.ID}) })
}
