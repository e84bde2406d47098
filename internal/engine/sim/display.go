package sim

import (
	"context"
	"fmt"
	"image"
	"io"
	"log/slog"
	"net"
	"time"

	"carrel/internal/engine"
	"carrel/internal/engine/sim/picture"
	"carrel/internal/engine/sim/rfb"
)

// Display implements engine.Engine. It returns an error if the account has no session or its display does not answer yet.
func (e *Engine) Display(ctx context.Context, id, account string) (io.ReadWriteCloser, error) {
	near, err := e.display(ctx, id, account)
	if err != nil {
		return nil, fmt.Errorf("opening the display of %q on machine %s: %w", account, id, err)
	}
	return near, nil
}

func (e *Engine) display(ctx context.Context, id, account string) (io.ReadWriteCloser, error) {
	if err := e.enter(ctx, id); err != nil {
		return nil, err
	}
	if err := e.pause(ctx, e.config.Latency.Display, "display", id); err != nil {
		return nil, err
	}
	if _, yes := e.chance.strikes(DisplayRefused, id); yes {
		return nil, fmt.Errorf("%w: %s", errSim, DisplayRefused)
	}
	s, err := e.session(id, account)
	if err != nil {
		return nil, err
	}
	if !e.begin() {
		return nil, errClosed
	}
	near, far := net.Pipe()
	s.attach(far)
	if now, err := e.session(id, account); err != nil || now != s {
		far.Close() // it ended while the viewer was connecting
	}
	go e.serve(far, s, id, account)
	return near, nil
}

// session returns the screen of an account whose display answers.
func (e *Engine) session(id, account string) (*screen, error) {
	m, err := e.running(id)
	if err != nil {
		return nil, err
	}
	wait, _, err := m.inside.progress(account)
	if err != nil {
		return nil, err
	}
	m.inside.mu.Lock()
	defer m.inside.mu.Unlock()
	s := m.inside.sessions[account]
	if s == nil || wait != 0 {
		return nil, fmt.Errorf("no display answers")
	}
	return s.screen, nil
}

// serve shows the screen to one viewer until either side ends.
func (e *Engine) serve(far net.Conn, s *screen, id, account string) {
	defer e.work.Done()
	defer s.detach(far)
	defer context.AfterFunc(e.life, func() { far.Close() })()
	if f, yes := e.chance.strikes(DisplayDrops, id); yes {
		defer time.AfterFunc(f.After, func() { far.Close() }).Stop()
	}
	if err := rfb.Serve(far, &view{screen: s, engine: e, id: id, account: account}); err != nil {
		slog.Warn("simulated display ended", "machine", id, "account", account, "error", err)
	}
}

// view is a screen as one viewer sees it.
type view struct {
	*screen
	engine      *Engine
	id, account string
	painter     picture.Painter
	zoneName    string
	zone        *time.Location
}

// Name implements rfb.Desktop.
func (v *view) Name() string {
	if m, err := v.engine.machine(v.id); err == nil {
		return m.Name
	}
	return v.id
}

// Paint implements rfb.Desktop.
func (v *view) Paint(dst *image.RGBA) {
	v.painter.Paint(dst, v.scene())
}

func (v *view) scene() picture.Scene {
	m, err := v.engine.machine(v.id)
	if err != nil {
		m = &machine{Machine: engine.Machine{ID: v.id, State: "gone"}}
	}
	s := v.screen
	s.mu.Lock()
	defer s.mu.Unlock()
	sc := picture.Scene{
		Now: time.Now(), Name: m.Guest.Hostname, State: string(m.State), Account: v.account,
		Facts: []picture.Fact{
			{Name: "Machine", Value: m.Name},
			{Name: "Address", Value: m.Address},
			{Name: "Size", Value: fmt.Sprintf("%d CPUs, %d MiB of memory, %d GiB of disk", m.CPUs, m.MemoryMiB, m.Root.GiB)},
			{Name: "Host", Value: m.Host},
		},
		Lines: append([]string(nil), s.lines...), Clipboard: s.clipboard,
		Pointer: s.pointer, Pressed: s.buttons != 0, Viewers: len(s.viewers),
	}
	sc.Now = sc.Now.In(v.location(m.Guest.Timezone))
	if s.message != nil {
		sc.Message, sc.Urgent = s.message.Title+"\n"+s.message.Text, s.message.Urgent
	}
	return sc
}

// location returns the time zone, which is on disk and so read only when it changes; UTC if it is unknown.
func (v *view) location(name string) *time.Location {
	if v.zone == nil || name != v.zoneName {
		zone, err := time.LoadLocation(name)
		if err != nil {
			zone = time.UTC
		}
		v.zoneName, v.zone = name, zone
	}
	return v.zone
}
