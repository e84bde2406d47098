package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"carrel/internal/directory"
	"carrel/internal/engine/enginetest"
	"carrel/internal/engine/incus"
)

var stream = measurement{name: "stream", about: "a display through the gateway and without it", run: measureStream}

const (
	streamRounds = 20
	streamPerson = "benchviewer"
)

// viewing is what a viewer meets.
type viewing struct {
	first  sample // from the click to the first picture
	bytes  int    // of one picture
	frames time.Duration
	pings  sample // until the answer to a small request
}

// opener opens a display anew, as far as the stream of the RFB protocol.
type opener func(context.Context) (io.ReadWriteCloser, error)

func measureStream(ctx context.Context, l *lab) ([]row, error) {
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
	engine, err := incus.Open(ctx, incus.Config{Project: projectName, Classes: l.config.Incus.Classes})
	if err != nil {
		return nil, err
	}
	click, err := visitor(ctx, server, desktop, password)
	if err != nil {
		return nil, err
	}
	exec := func(ctx context.Context) (io.ReadWriteCloser, error) {
		return engine.Display(ctx, desktop, directory.AccountFor(streamPerson))
	}
	var ours, theirs viewing
	for range streamRounds {
		if err := ours.view(ctx, click); err != nil {
			return nil, err
		}
		if err := theirs.view(ctx, exec); err != nil {
			return nil, err
		}
	}
	return streamRows(ours, theirs), server.deleteDesktops(ctx, []string{desktop})
}

func streamRows(ours, theirs viewing) []row {
	rate := func(v viewing) float64 { return float64(v.bytes) / v.frames.Seconds() / 1e6 }
	return []row{
		{
			what:      "click to the first picture of a running desktop, median",
			reference: milliseconds(theirs.first.median()), carrel: milliseconds(ours.first.median()), ratio: ratio(ours.first.median(), theirs.first.median()),
		}, {
			what:      "round trip to the display server, median",
			reference: milliseconds(theirs.pings.median()), carrel: milliseconds(ours.pings.median()), ratio: ratio(ours.pings.median(), theirs.pings.median()),
		}, {
			what:      "raw pictures, throughput",
			reference: fmt.Sprintf("%.0f MB/s", rate(theirs)), carrel: fmt.Sprintf("%.0f MB/s", rate(ours)), ratio: fmt.Sprintf("%.2f", rate(ours)/rate(theirs)),
		},
	}
}

// view opens a display, waits for a picture, and then asks for more.
func (v *viewing) view(ctx context.Context, open opener) error {
	begun := time.Now()
	conn, err := open(ctx)
	if err != nil {
		return err
	}
	viewer, err := enginetest.NewViewer(conn)
	if err != nil {
		_ = conn.Close()
		return err
	}
	defer viewer.Close()
	if err := picture(viewer); err != nil {
		return err
	}
	v.first = append(v.first, time.Since(begun))

	begun = time.Now()
	for range 10 {
		if err := picture(viewer); err != nil {
			return err
		}
		size := viewer.Picture.Rect.Size()
		v.bytes += 4 * size.X * size.Y
	}
	v.frames += time.Since(begun)

	for range 50 {
		begun := time.Now()
		if _, err := conn.Write([]byte{3, 0, 0, 0, 0, 0, 0, 1, 0, 1}); err != nil {
			return err
		}
		if _, err := viewer.Next(); err != nil {
			return err
		}
		v.pings = append(v.pings, time.Since(begun))
	}
	return nil
}

// picture asks for everything and returns when pixels have come. TigerVNC answers a request for everything with the layout of its
// screens, and the next one with the pixels.
func picture(v *enginetest.Viewer) error {
	if err := v.Ask(false); err != nil {
		return err
	}
	return v.Update()
}

// viewedDesktop makes a person with a password and a desktop for them.
func viewedDesktop(ctx context.Context, s *server) (desktop, password string, err error) {
	if _, password, err = s.addPerson(ctx, streamPerson); err != nil {
		return "", "", err
	}
	var reply struct {
		Job string `json:"job_id"`
	}
	err = s.call(ctx, "POST", "/desktops", map[string]any{
		"desktop_type": "DEDICATED", "product_id": s.ProductID, "image_type": "gold", "image_id": s.ImageID,
		"root_volume": map[string]any{"type": "SAS", "size": 80}, "email_notification": false,
		"desktops": []map[string]any{{"user_name": streamPerson, "user_group": "sudo", "computer_name": streamPerson}},
	}, &reply)
	if err != nil {
		return "", "", err
	}
	j, err := s.awaitJob(ctx, reply.Job, 50*time.Millisecond)
	if err != nil {
		return "", "", err
	}
	return j.desktops()[0], password, nil
}

// visitor signs in to the portal, and returns what a click on the desktop does: get a ticket and open the display with it.
func visitor(ctx context.Context, s *server, desktop, password string) (opener, error) {
	b, err := s.browser(ctx, streamPerson, password)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) (io.ReadWriteCloser, error) {
		var ticket struct{ Ticket string }
		if err := b.post(ctx, "/portal/api/desktops/"+desktop+"/ticket", "{}", &ticket); err != nil {
			return nil, fmt.Errorf("getting a ticket: %w", err)
		}
		return s.display(ctx, ticket.Ticket)
	}, nil
}
