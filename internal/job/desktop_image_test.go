package job_test

import (
	"testing"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/engine"
	"carrel/internal/operate"
	"carrel/internal/workspace"
)

const (
	installed = "/opt/tool"
	letter    = "/home/user-0/letter"
)

// stoppedTwo has two desktops that are off and have something installed.
func stoppedTwo(e *env) {
	createTwo(e)
	for _, id := range e.ids() {
		e.must(e.sim.WriteFile(e.t.Context(), id, installed, "tool"))
		e.must(e.sim.WriteFile(e.t.Context(), id, letter, "personal"))
	}
	p := e.start("setup", e.store, e.sim)
	e.finished(operateAll(desktop.PowerStop)(e))
	p.kill()
}

func (e *env) makeImage(d desktop.Desktop) (string, error) {
	return e.service.Operate.MakeImage(e.t.Context(), operate.MakeImage{Caller: me, DesktopID: d.ID, Name: "Lab", Description: "With the tool", MinMemoryMiB: 1500})
}

func (e *env) published() (all []engine.Image) {
	e.t.Helper()
	images, err := e.sim.Images(e.t.Context())
	e.must(err)
	for _, i := range images {
		if i.Publication != "" {
			all = append(all, i)
		}
	}
	return all
}

func (e *env) privateImages() []catalog.Image {
	e.t.Helper()
	all, err := e.service.Catalog.CloudImages(e.t.Context(), catalog.CloudImageQuery{ProjectID: project, Type: catalog.ImagePrivate, SortBy: "name", Limit: 10})
	e.must(err)
	return all
}

func (e *env) wantOneImage() {
	e.t.Helper()
	there, rows := e.published(), e.privateImages()
	if len(there) != 1 || len(rows) != 1 || rows[0].EngineID != there[0].ID || rows[0].Name != "Lab" || rows[0].MinMemoryMiB != 1500 || rows[0].MinDiskGB != 80 {
		e.t.Errorf("the engine has %+v, the project %+v", there, rows)
	}
}

var imageScenario = scenario{
	name: "making an image", setUp: stoppedTwo, want: 2, state: desktop.StatusShutoff,
	ask: func(e *env) string {
		id, err := e.makeImage(e.desktops()[0])
		e.must(err)
		return id
	},
	check: (*env).wantOneImage,
}

func TestAnImageOfADesktopIsOneThatOthersStartFrom(t *testing.T) {
	inEnv(t, twoImages(), func(e *env) {
		stoppedTwo(e)
		p := e.start("replica", e.store, e.sim)
		id, err := e.makeImage(e.desktops()[0])
		e.must(err)
		if _, err := e.makeImage(e.desktops()[0]); workspace.CodeOf(err) != workspace.CodeConflict {
			t.Errorf("a second image at once: %v", err)
		}
		e.finished(id)
		e.wantOneImage()
		p.kill()

		image, other := e.privateImages()[0], e.desktops()[1]
		job, err := e.service.Operate.Rebuild(e.t.Context(), operate.Rebuild{Caller: me, IDs: []string{other.ID}, ImageID: image.ID})
		e.must(err)
		if err := e.service.Work.DeleteImage(e.t.Context(), me, image.ID); workspace.CodeOf(err) != workspace.CodeConflict {
			t.Errorf("deleting the image of a rebuild that has not ended: %v", err)
		}
		p = e.start("replica", e.store, e.sim)
		defer p.kill()
		e.finished(job)
		if text, _ := e.sim.ReadFile(other.ID, installed); text != "tool" {
			t.Errorf("the desktop of the image has %q installed", text)
		}
		if text, there := e.sim.ReadFile(other.ID, letter); there {
			t.Errorf("the desktop of the image has the letter %q", text)
		}
		if m, err := e.sim.Find(e.t.Context(), other.ID); err != nil || m.Image != image.EngineID {
			t.Errorf("it is %+v, %v", m, err)
		}
	})
}

func TestOnlyADesktopThatIsOffBecomesAnImage(t *testing.T) {
	inEnv(t, twoImages(), func(e *env) {
		createTwo(e)
		d := e.desktops()[0]
		if _, err := e.makeImage(d); workspace.CodeOf(err) != workspace.CodeConflict {
			t.Errorf("of one that runs: %v", err)
		}
		if _, err := e.makeImage(desktop.Desktop{ID: "none"}); workspace.CodeOf(err) != workspace.CodeDesktopNotFound {
			t.Errorf("of none: %v", err)
		}
		ready, err := e.service.Operate.Readiness(e.t.Context(), project, e.ids()...)
		e.must(err)
		for _, r := range ready {
			if r.Refusal == nil {
				t.Errorf("desktop %s runs and is ready", r.Name)
			}
		}
		if len(e.published())+len(e.privateImages()) > 0 {
			t.Error("there is an image")
		}
	})
}

func TestMayBecomeImage(t *testing.T) {
	off := desktop.Desktop{Name: "PC", Status: desktop.StatusShutoff}
	for name, c := range map[string]struct {
		change func(*desktop.Desktop)
		image  catalog.Image
		may    bool
	}{
		"off":                 {func(*desktop.Desktop) {}, catalog.Image{}, true},
		"runs":                {func(d *desktop.Desktop) { d.Status = desktop.StatusActive }, catalog.Image{}, false},
		"hibernated":          {func(d *desktop.Desktop) { d.Status = desktop.StatusHibernated }, catalog.Image{}, false},
		"busy":                {func(d *desktop.Desktop) { d.Task = workspace.TaskPoweringOn }, catalog.Image{}, false},
		"a virtual machine":   {func(*desktop.Desktop) {}, catalog.Image{VM: true}, false},
		"has an error":        {func(d *desktop.Desktop) { d.Status = desktop.StatusError }, catalog.Image{}, false},
		"in maintenance, off": {func(d *desktop.Desktop) { d.InMaintenance = true }, catalog.Image{}, true},
	} {
		d := off
		c.change(&d)
		if err := operate.MayBecomeImage(d, c.image); (err == nil) != c.may {
			t.Errorf("a desktop that %s: %v", name, err)
		}
	}
}
