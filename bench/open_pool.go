package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"slices"
	"time"

	"carrel/internal/engine/enginetest"
	"carrel/internal/pool"
)

var openPool = measurement{name: "open", about: "a warm pool's desktop, from the click to the first frame", run: measureOpenPool}

// opening is what one click needed until each of these.
type opening struct {
	answered  time.Duration // the portal has a ticket for the page
	connected time.Duration // the display has greeted the viewer
	frame     time.Duration // the first frame has come with something in it, if only the backdrop
	drawn     time.Duration // there is more in it than a backdrop: the panel
}

// portalUser is a user who is signed in to the portal, with a browser.
type portalUser struct {
	*browser
	id string
}

func measureOpenPool(ctx context.Context, l *lab) ([]row, error) {
	if _, err := l.incus(ctx); err != nil {
		return nil, err
	}
	server, err := l.serve(ctx, "incus", nil)
	if err != nil {
		return nil, err
	}
	defer server.stop()
	desktop, password, err := viewedDesktop(ctx, server)
	if err != nil {
		return nil, err
	}
	viewer, err := server.browser(ctx, streamPerson, password)
	if err != nil {
		return nil, err
	}
	people, err := portalUsers(ctx, server, 1+l.desktops(10)) // the first one warms what a first one warms
	if err != nil {
		return nil, err
	}
	warm, desktops, err := warmPool(ctx, server, people)
	if err != nil {
		return nil, err
	}
	var first, again, ordinary []opening
	for i, p := range people {
		var three [3]opening
		for n, click := range []func() (opening, error){
			func() (opening, error) { return open(ctx, viewer, "/portal/api/desktops/"+desktop+"/ticket", "") },
			func() (opening, error) {
				return open(ctx, p.browser, "/portal/api/pools/"+warm+"/open", pool.OutcomeNew)
			},
			func() (opening, error) {
				return open(ctx, p.browser, "/portal/api/pools/"+warm+"/open", pool.OutcomeSame)
			},
		} {
			if three[n], err = click(); err != nil {
				return nil, err
			}
		}
		l.say("  %2d  ordinary %s, new %s (panel %s, answer %s), back %s", i, milliseconds(three[0].frame), milliseconds(three[1].frame),
			milliseconds(three[1].drawn), milliseconds(three[1].answered), milliseconds(three[2].frame))
		if i > 0 {
			ordinary, first, again = append(ordinary, three[0]), append(first, three[1]), append(again, three[2])
		}
	}
	rows := append(openingRows("a warm pool for a new person", first, ordinary), openingRows("a pool for somebody who returns", again, ordinary)...)
	return rows, server.deleteDesktops(ctx, append(desktops, desktop))
}

// portalUsers are that many people, signed in.
func portalUsers(ctx context.Context, s *server, count int) ([]portalUser, error) {
	people := make([]portalUser, count)
	for i := range people {
		name := "open" + person(i)
		id, password, err := s.addPerson(ctx, name)
		if err != nil {
			return nil, err
		}
		b, err := s.browser(ctx, name, password)
		if err != nil {
			return nil, err
		}
		people[i] = portalUser{b, id}
	}
	return people, nil
}

// warmPool makes a dynamic pool with a desktop for each of the people, who have none yet, and waits until all are ready.
func warmPool(ctx context.Context, s *server, people []portalUser) (pool string, desktops []string, err error) {
	var allowed []map[string]any
	for _, p := range people {
		allowed = append(allowed, map[string]any{"object_type": "USER", "object_id": p.id, "user_group": "sudo"})
	}
	var reply struct {
		Job string `json:"job_id"`
	}
	err = s.call(ctx, "POST", "/desktop-pools", map[string]any{
		"name": "OPEN", "type": "DYNAMIC", "size": len(people), "product_id": s.ProductID, "image_type": "gold", "image_id": s.ImageID,
		"root_volume": map[string]any{"type": "SAS", "size": 80}, "subnet_ids": []string{s.SubnetID}, "authorized_objects": allowed,
	}, &reply)
	if err != nil {
		return "", nil, err
	}
	j, err := s.awaitJob(ctx, reply.Job, 100*time.Millisecond)
	if err != nil {
		return "", nil, err
	}
	p, err := s.steadyPool(ctx, "OPEN")
	return p.ID, j.desktops(), err
}

// open clicks: it asks for a display by the path, opens it, waits for a picture and closes it. With an outcome, the answer must
// have that one.
func open(ctx context.Context, b *browser, path string, outcome pool.Outcome) (o opening, err error) {
	begun := time.Now()
	var answer struct {
		Ticket   string
		Outcome  pool.Outcome
		Sentence string
	}
	if err := b.post(ctx, path, "{}", &answer); err != nil {
		return o, err
	}
	o.answered = time.Since(begun)
	if answer.Outcome != outcome || answer.Ticket == "" {
		return o, fmt.Errorf("POST %s: the outcome is %s, not %s, with a ticket: %s", path, answer.Outcome, outcome, answer.Sentence)
	}
	conn, err := b.server.display(ctx, answer.Ticket)
	if err != nil {
		return o, err
	}
	viewer, err := enginetest.NewViewer(conn)
	if err != nil {
		return o, errors.Join(err, conn.Close())
	}
	defer viewer.Close()
	o.connected = time.Since(begun)
	if err := picture(viewer); err != nil {
		return o, err
	}
	for _, until := range []struct {
		seen func(*image.RGBA) bool
		when *time.Duration
	}{{severalColours, &o.frame}, {moreThanBackdrop, &o.drawn}} {
		for !until.seen(viewer.Picture) {
			if err := viewer.Ask(true); err != nil {
				return o, err
			}
			if err := viewer.Update(); err != nil {
				return o, err
			}
		}
		*until.when = time.Since(begun)
	}
	return o, nil
}

// severalColours says that a picture is not one plain colour.
func severalColours(p *image.RGBA) bool { return !plain(p.Pix) }

// moreThanBackdrop says that some line of a picture has several colours. The backdrop goes from the top to the bottom.
func moreThanBackdrop(p *image.RGBA) bool {
	for line := range slices.Chunk(p.Pix, p.Stride) {
		if !plain(line) {
			return true
		}
	}
	return false
}

func plain(pixels []byte) bool {
	for i := 4; i < len(pixels); i++ {
		if pixels[i] != pixels[i%4] {
			return false
		}
	}
	return true
}

func openingRows(what string, ours, ordinary []opening) []row {
	compare := func(what string, pick func(opening) time.Duration) row {
		a, b := pickAll(ours, pick), pickAll(ordinary, pick)
		return row{
			what:      what,
			reference: milliseconds(b.median()) + ", ordinary desktop",
			carrel:    fmt.Sprintf("%s (p90 %s)", milliseconds(a.median()), milliseconds(a.quantile(0.9))),
			ratio:     ratio(a.median(), b.median()),
		}
	}
	const target = 500 * time.Millisecond
	frame := func(o opening) time.Duration { return o.frame }
	first := compare(fmt.Sprintf("click on %s to the first frame, median of %d", what, len(ours)), frame)
	first.target, first.reached = "500 ms", new(pickAll(ours, frame).median() < target)
	return []row{
		first,
		compare("... of that: until the portal has answered", func(o opening) time.Duration { return o.answered }),
		compare("... until the display has greeted", func(o opening) time.Duration { return o.connected }),
		compare("... and then until the panel is drawn", func(o opening) time.Duration { return o.drawn }),
	}
}
