package job_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"carrel/internal/assignment"
	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/engine/sim"
	"carrel/internal/operate"
	"carrel/internal/pool/reshape"
	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

var admin = workspace.Caller{ProjectID: project}

// connectAll makes every desktop one to which somebody is connected.
func (e *env) connectAll() {
	e.t.Helper()
	for _, d := range e.desktops() {
		e.must(e.store.Update(e.t.Context(), func(tx *store.Tx) error {
			was := d.Login
			d.Login = desktop.LoginConnected
			return desktop.SaveSession(e.t.Context(), tx, d, was)
		}))
	}
}

func (e *env) addNextImage() {
	e.t.Helper()
	images, err := e.sim.Images(e.t.Context())
	e.must(err)
	e.must(e.store.Update(e.t.Context(), func(tx *store.Tx) error {
		return catalog.PutImages(e.t.Context(), tx, []catalog.Image{{
			ID: nextImage, Type: catalog.ImageGold, Architecture: "x86", OSType: "Linux", EngineID: images[len(images)-1].ID,
		}})
	}))
}

func (e *env) rebuildAll(delay int) string {
	e.t.Helper()
	id, err := e.service.Operate.Rebuild(e.t.Context(), operate.Rebuild{Caller: admin, IDs: e.ids(), ImageID: nextImage, DelayMinutes: delay, Message: "New system."})
	e.must(err)
	return id
}

func (e *env) wantRebuilt() {
	e.t.Helper()
	images, err := e.sim.Images(e.t.Context())
	e.must(err)
	for _, d := range e.desktops() {
		m, err := e.sim.Find(e.t.Context(), d.ID)
		if err != nil || m.Image != images[1].ID || d.ImageID != nextImage || m.Data[0].ID != d.Data[0].ID || len(d.Assignments) != 1 {
			e.t.Errorf("desktop %+v has machine %+v, %v", d, m, err)
		}
	}
}

func (e *env) logOff(message string) string {
	e.t.Helper()
	id, err := e.service.Operate.LogOff(e.t.Context(), operate.LogOff{Caller: admin, IDs: e.ids(), Message: message})
	e.must(err)
	return id
}

// wantLoggedOff fails unless every desktop has a session to which nobody has connected yet.
func (e *env) wantLoggedOff() {
	e.t.Helper()
	for _, d := range e.desktops() {
		status, err := e.sim.Status(e.t.Context(), d.ID)
		e.must(err)
		if d.Login != desktop.LoginRegistered || len(status.Sessions) != 1 {
			e.t.Errorf("desktop %s is %s with %+v", d.Name, d.Login, status.Sessions)
		}
	}
}

func (e *env) resizeAll() string {
	e.t.Helper()
	id, err := e.service.Reshaper.ResizeDesktops(e.t.Context(), reshape.ResizeDesktops{Caller: admin, IDs: e.ids(), ProductID: largerProduct})
	e.must(err)
	return id
}

func (e *env) notifyAll(text string) string {
	e.t.Helper()
	id, err := e.service.Operate.Notify(e.t.Context(), operate.Notify{Caller: admin, IDs: e.ids(), Text: text})
	e.must(err)
	return id
}

func (e *env) want(err error, code workspace.Code, text string) {
	e.t.Helper()
	if workspace.CodeOf(err) != code || !strings.Contains(workspace.MessageOf(err), text) {
		e.t.Errorf("got %v, want %s with %q", err, code, text)
	}
}

func TestADesktopIsRebuiltWhenThoseWhoWorkInItHaveHadTheirTime(t *testing.T) {
	inEnv(t, twoImages(), func(e *env) {
		p := e.start("replica", e.store, e.sim)
		defer p.kill()
		e.finished(e.create(2))
		e.addNextImage()
		busy, free := e.named("user-001"), e.named("user-101")
		e.must(e.store.Update(e.t.Context(), func(tx *store.Tx) error {
			busy.Login = desktop.LoginDisconnected
			return desktop.SaveSession(e.t.Context(), tx, busy, desktop.LoginRegistered)
		}))
		begun := time.Now()
		id := e.rebuildAll(10)
		e.until("the rebuild of the desktop in which nobody works", func() bool { return e.named(free.Name).ImageID == nextImage })
		if d := e.named(busy.Name); d.Task != workspace.NoTask || d.ImageID != image || time.Since(begun) > 5*time.Minute {
			t.Errorf("after %v the desktop in use is %+v", time.Since(begun), d)
		}
		_, err := e.service.Operate.Rebuild(e.t.Context(), operate.Rebuild{Caller: admin, IDs: []string{busy.ID}, ImageID: nextImage})
		e.want(err, workspace.CodeConflict, "is going to be rebuilt already")
		messages := e.sim.Messages(busy.ID)
		if len(messages) != 1 || !strings.Contains(messages[0].Text, "New system.") || !strings.Contains(messages[0].Text, "In 10 minutes") || messages[0].Account != "user-0" {
			t.Errorf("at first people are told %+v", messages)
		}
		e.pass(time.Minute)
		e.must(e.store.Update(e.t.Context(), func(tx *store.Tx) error { // somebody connects
			return signin.InsertSignIn(e.t.Context(), tx, signin.SignIn{TokenHash: "s", UserID: busy.Assignments[0].UserID, Created: tx.Now(), Expires: tx.Now().Add(time.Hour)})
		}))
		e.must(e.service.Connections.OpenConnection(e.t.Context(), signin.Ticket{DesktopID: busy.ID, UserID: busy.Assignments[0].UserID, SignInHash: "s"}, desktop.Connection{
			ID: "c", DesktopID: busy.ID, UserID: busy.Assignments[0].UserID, SignInHash: "s", Gateway: "g", Opened: time.Now(), LeaseUntil: time.Now().Add(time.Hour),
		}))
		connected := time.Now()
		e.until("the message again", func() bool { return len(e.sim.Messages(busy.ID)) == 2 })
		if late := time.Since(connected); late > 30*time.Second {
			t.Errorf("who connects is told after %v", late)
		}
		if j := e.finished(id); j.Counts.Succeeded != 2 {
			t.Fatalf("the job ended with %+v: %+v", j.Counts, j.SubJobs)
		}
		if took := time.Since(begun); took < 10*time.Minute || took > 15*time.Minute {
			t.Errorf("it took %v", took)
		}
		e.wantRebuilt()
	})
}

func TestARebuildThatPeopleWaitForYieldsToOtherWork(t *testing.T) {
	inEnv(t, twoImages(), func(e *env) {
		p := e.start("replica", e.store, e.sim)
		defer p.kill()
		e.finished(e.create(1))
		e.addNextImage()
		e.connectAll()
		id := e.rebuildAll(5)
		e.until("the message", func() bool { return len(e.sim.Messages(e.ids()[0])) == 1 })
		e.finished(operateOne(e, e.ids()[0], desktop.PowerStop)) // nobody works in it any more
		if j := e.finished(id); j.Counts.Succeeded != 1 {
			t.Fatalf("the job ended with %+v: %+v", j.Counts, j.SubJobs)
		}
		e.checkWhole(1, desktop.StatusShutoff)
		e.wantRebuilt()
	})
}

func TestAFailedRebuildIsTriedAgain(t *testing.T) {
	inEnv(t, twoImages(), func(e *env) {
		p := e.start("replica", e.store, e.sim)
		defer p.kill()
		e.finished(e.create(1))
		e.addNextImage()
		e.must(e.sim.Inject(sim.GuestFails, sim.Fault{Probability: 1}))
		id := e.rebuildAll(0)
		if j := e.finished(id); j.Counts.Failed != 1 {
			t.Fatalf("the job ended with %+v", j.Counts)
		}
		if d := e.desktops()[0]; d.Status != desktop.StatusError || d.Task != workspace.NoTask || d.Fault == "" {
			t.Errorf("the desktop is %+v", d)
		}
		e.must(e.sim.Inject(sim.GuestFails, sim.Fault{}))
		_, err := e.service.Work.RetryJob(e.t.Context(), admin, id)
		e.must(err)
		if j := e.finished(id); j.Counts.Succeeded != 1 {
			t.Fatalf("the job ended again with %+v: %+v", j.Counts, j.SubJobs)
		}
		e.checkWhole(1, desktop.StatusActive)
		e.wantRebuilt()
	})
}

func TestWhatCannotBeRebuiltIsRefusedByItself(t *testing.T) {
	inEnv(t, twoImages(), func(e *env) {
		p := e.start("replica", e.store, e.sim)
		defer p.kill()
		e.finished(e.create(1))
		e.addPool(1)
		if j := e.finished(e.rebuildAll(0)); j.Counts.Succeeded != 1 || j.Counts.Failed != 1 {
			t.Errorf("the job ended with %+v", j.Counts)
		}
		pooled := e.named("pool-0").ID
		_, err := e.service.Operate.Rebuild(e.t.Context(), operate.Rebuild{Caller: admin, IDs: []string{pooled}, ImageID: nextImage})
		e.want(err, workspace.CodeConflict, "is a pool's")
		_, err = e.service.Reshaper.ResizeDesktops(e.t.Context(), reshape.ResizeDesktops{Caller: admin, IDs: []string{pooled}, ProductID: product})
		e.want(err, workspace.CodeConflict, "is a pool's")
		_, err = e.service.Operate.Rebuild(e.t.Context(), operate.Rebuild{Caller: admin, IDs: []string{"none"}, ImageID: nextImage})
		e.want(err, workspace.CodeDesktopNotFound, "none")
		_, err = e.service.Operate.Rebuild(e.t.Context(), operate.Rebuild{Caller: admin, IDs: []string{pooled}, ImageID: "none"})
		e.want(err, workspace.CodeImageNotFound, "image_id")
		e.must(e.store.Update(e.t.Context(), func(tx *store.Tx) error { return catalog.MarkGone(e.t.Context(), tx, []string{nextImage}) }))
		_, err = e.service.Operate.Rebuild(e.t.Context(), operate.Rebuild{Caller: admin, IDs: []string{e.named("user-001").ID}, ImageID: nextImage})
		e.want(err, workspace.CodeImageNotFound, "no longer there")
	})
}

func TestSessionsEndWhenDisplaysAreClosed(t *testing.T) {
	inEnv(t, sim.Config{}, func(e *env) {
		p := e.start("replica", e.store, e.sim)
		defer p.kill()
		e.finished(e.create(1))
		d := e.desktops()[0]
		begun := func() time.Time {
			status, err := e.sim.Status(e.t.Context(), d.ID)
			e.must(err)
			return status.Sessions[0].Begun
		}
		first := begun()
		e.must(e.store.Update(e.t.Context(), func(tx *store.Tx) error {
			if err := signin.InsertSignIn(e.t.Context(), tx, signin.SignIn{TokenHash: "s", UserID: d.Assignments[0].UserID, Created: tx.Now(), Expires: tx.Now().Add(time.Hour)}); err != nil {
				return err
			}
			return desktop.InsertConnection(e.t.Context(), tx, desktop.Connection{
				ID: "c", DesktopID: d.ID, UserID: d.Assignments[0].UserID, SignInHash: "s", Gateway: "g", Opened: time.Now(), LeaseUntil: time.Now().Add(time.Hour),
			})
		}))
		e.connectAll()
		e.pass(time.Second)
		id := e.logOff("")
		e.pass(10 * time.Second)
		if begun() != first {
			t.Error("the session was ended before its display was closed")
		}
		ended, err := e.service.Connections.CheckConnections(e.t.Context(), "g", []string{"c"})
		e.must(err)
		if len(ended) != 1 || !errors.Is(ended[0].Why, desktop.ErrLoggedOff) {
			t.Errorf("the gateway is told to close %+v", ended)
		}
		e.must(e.service.Connections.CloseConnection(e.t.Context(), "c", d.ID))
		if j := e.finished(id); j.Counts.Succeeded != 1 || !begun().After(first) {
			t.Errorf("the job ended with %+v, the session began at %v, before at %v", j.Counts, begun(), first)
		}
		e.wantLoggedOff()
		e.checkWhole(1, desktop.StatusActive)

		e.finished(operateOne(e, d.ID, desktop.PowerStop))
		if j := e.finished(e.logOff("Closing.")); j.Counts.Succeeded != 1 || j.SubJobs[0].Reason != "the desktop is off" {
			t.Errorf("that of a desktop that is off: %+v", j.SubJobs)
		}
		if j := e.finished(e.notifyAll("Lunch!")); j.Counts.Succeeded != 1 || j.SubJobs[0].Reason != "nobody is connected" {
			t.Errorf("a message to nobody: %+v", j.SubJobs)
		}
	})
}

func TestANameMustBeFreeAndIsTakenInside(t *testing.T) {
	inEnv(t, sim.Config{Latency: sim.Realistic()}, func(e *env) {
		p := e.start("replica", e.store, e.sim)
		defer p.kill()
		e.finished(e.create(2))
		rename := func(from, to string) error {
			return e.service.Assignments.RenameDesktop(e.t.Context(), assignment.RenameDesktop{Caller: admin, DesktopID: e.named(from).ID, Name: to})
		}
		e.want(rename("user-001", "USER-101"), workspace.CodeNameTaken, "computer_name")
		e.want(rename("user-001", "user-0"), workspace.CodeInvalid, "is the name of a user of the desktop")
		e.want(rename("user-001", "-x"), workspace.CodeInvalid, "must start with")
		e.want(e.service.Assignments.RenameDesktop(e.t.Context(), assignment.RenameDesktop{Caller: admin, DesktopID: "none", Name: "x"}), workspace.CodeDesktopNotFound, "none")
		e.must(rename("user-001", "user-001")) // it has that
		e.must(rename("user-001", "图书馆"))
		e.want(rename("图书馆", "again"), workspace.CodeConflict, "is busy (updating)")
		e.finished(e.lastJob(workspace.JobRenameDesktops))
		d := e.named("图书馆")
		if status, err := e.sim.Status(e.t.Context(), d.ID); err != nil || status.Hostname != workspace.HostNameOfID(d.ID) || status.Hostname != d.HostName {
			t.Errorf("inside %s it is %+v, %v", d.HostName, status, err)
		}
		e.finished(operateOne(e, d.ID, desktop.PowerStop))
		e.must(rename("图书馆", "Library"))
		e.finished(e.lastJob(workspace.JobRenameDesktops))
		e.finished(operateOne(e, d.ID, desktop.PowerStart))
		if status, err := e.sim.Status(e.t.Context(), d.ID); err != nil || status.Hostname != "Library" {
			t.Errorf("after its start it is %+v, %v", status, err)
		}
	})
}

func TestNobodyOpensADesktopInMaintenance(t *testing.T) {
	inEnv(t, sim.Config{}, func(e *env) {
		p := e.start("replica", e.store, e.sim)
		defer p.kill()
		e.finished(e.create(1))
		d := e.desktops()[0]
		set := func(on bool, ids ...string) error {
			return e.service.Operate.SetMaintenance(e.t.Context(), operate.SetMaintenance{Caller: admin, IDs: ids, On: on})
		}
		e.want(set(true, d.ID, "none"), workspace.CodeDesktopNotFound, "none")
		if e.desktops()[0].InMaintenance {
			t.Error("a refused request has changed a desktop")
		}
		e.must(set(true, d.ID))
		e.must(set(true, d.ID))
		u, err := e.service.Directory.User(e.t.Context(), project, d.Assignments[0].UserID)
		e.must(err)
		e.must(e.store.Update(e.t.Context(), func(tx *store.Tx) error {
			return signin.InsertSignIn(e.t.Context(), tx, signin.SignIn{TokenHash: "s", UserID: u.ID, Created: tx.Now(), Expires: tx.Now().Add(time.Hour)})
		}))
		v := signin.Visitor{User: u, SignInHash: "s"}
		_, err = e.service.Connections.OpenDesktop(e.t.Context(), v, d.ID)
		e.want(err, workspace.CodeConflict, "under maintenance")
		e.finished(operateOne(e, d.ID, desktop.PowerStop))
		e.want(e.service.Connections.RunPowerAction(e.t.Context(), v, d.ID, desktop.PowerStart), workspace.CodeConflict, "under maintenance")
		e.finished(operateOne(e, d.ID, desktop.PowerStart))
		e.must(set(false, d.ID))
		if _, err := e.service.Connections.OpenDesktop(e.t.Context(), v, d.ID); err != nil {
			t.Error(err)
		}
		if m, err := e.sim.Find(e.t.Context(), d.ID); err != nil || m.State != engine.Running {
			t.Errorf("the machine is %+v, %v", m, err)
		}
	})
}
