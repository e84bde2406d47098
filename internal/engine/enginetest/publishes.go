package enginetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"carrel/internal/engine"
)

// Files of a machine that an image of it has, and has not.
const (
	installed    = "/opt/tool/program"
	confidential = "/home/alice/letter"
)

// publishing shows all with a small image. Packing a desktop's takes a minute, and the rest does not depend on what is in it.
func (s *suite) publishing() []check {
	all := s.allPublishing()
	if s.Guests {
		return all[:1]
	}
	return all
}

func (s *suite) allPublishing() []check {
	return []check{
		{"An image of a machine has what is installed and nothing that is personal, and other machines start from it", s.publishes},
		{"Making an image twice, and by several at once, makes one", func(t *testing.T, ctx context.Context) {
			s.stopped(t, ctx)
			p := s.publication()
			publish := func() error { _, err := s.Engine.PublishImage(ctx, p); return err }
			atOnce(t, publish, publish, publish)
			image := s.publish(t, ctx, p)
			s.wantPublished(t, ctx, p, image.ID)
			s.unpublish(t, ctx, p, image.ID)
		}},
		{"An image is there although the machine that it was made of is changed or deleted", func(t *testing.T, ctx context.Context) {
			s.stopped(t, ctx)
			p := s.publication()
			image := s.publish(t, ctx, p)
			s.up(t, ctx, s.a)
			if again := s.publish(t, ctx, p); again.ID != image.ID {
				t.Errorf("asked again, it is %s; want %s", again.ID, image.ID)
			}
			s.unpublish(t, ctx, p, image.ID)
		}},
		{"Making an image that was given up at any time can be repeated", func(t *testing.T, ctx context.Context) {
			s.stopped(t, ctx)
			p := s.publication()
			for _, after := range []time.Duration{0, 10 * time.Millisecond, 100 * time.Millisecond, time.Second, 5 * time.Second} {
				short, cancel := context.WithTimeout(ctx, after)
				if _, err := s.Engine.PublishImage(short, p); err == nil {
					t.Logf("it was made within %v", after)
				}
				cancel()
			}
			image := s.publish(t, ctx, p)
			s.wantPublished(t, ctx, p, image.ID)
			s.unpublish(t, ctx, p, image.ID)
		}},
		{"Nothing is made of a machine that runs, or is none", func(t *testing.T, ctx context.Context) {
			s.up(t, ctx, s.a)
			p := s.publication()
			_, err := s.Engine.PublishImage(ctx, p)
			want(t, "of a machine that runs", err, engine.ErrConflict)
			none := p
			none.Machine = uuid.NewString()
			_, err = s.Engine.PublishImage(ctx, none)
			want(t, "of no machine", err, engine.ErrNotFound)
			s.wantPublished(t, ctx, p)
		}},
	}
}

func (s *suite) publication() engine.Publication {
	return engine.Publication{ID: uuid.NewString(), Machine: s.a.ID, Name: "Made of desk-a", Installation: installation}
}

func (s *suite) stopped(t *testing.T, ctx context.Context) {
	t.Helper()
	atOnce(t, func() error { return s.Engine.Stop(ctx, s.a.ID, true) })
}

func (s *suite) publish(t *testing.T, ctx context.Context, p engine.Publication) engine.Image {
	t.Helper()
	image, err := s.Engine.PublishImage(ctx, p)
	if err != nil {
		t.Fatalf("making an image: %v", err)
	}
	if image.Publication != p.ID || image.Installation != p.Installation || image.Description != p.Name || image.Made.IsZero() || image.OS == "" {
		t.Errorf("the image is %+v", image)
	}
	return image
}

// wantPublished fails unless the engine has these images of a publication.
func (s *suite) wantPublished(t *testing.T, ctx context.Context, p engine.Publication, want ...string) {
	t.Helper()
	all, err := s.Engine.Images(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, i := range all {
		if i.Publication == p.ID {
			ids = append(ids, i.ID)
		}
	}
	if !slices.Equal(ids, want) {
		t.Errorf("the images are %q; want %q", ids, want)
	}
}

func (s *suite) unpublish(t *testing.T, ctx context.Context, p engine.Publication, id string) {
	t.Helper()
	atOnce(t, func() error { return s.Engine.DeleteImage(ctx, id) })
	s.wantPublished(t, ctx, p)
}

func (s *suite) publishes(t *testing.T, ctx context.Context) {
	s.up(t, ctx, s.a)
	s.await(t, ctx)
	s.write(t, ctx, installed)
	s.write(t, ctx, confidential)
	s.stopped(t, ctx)
	p := s.publication()
	image := s.publish(t, ctx, p)

	other := s.spec("desk-of-image")
	other.Image = image.ID
	s.up(t, ctx, other)
	if s.Guests {
		atOnce(t, func() error { return s.Engine.Await(ctx, other.ID, "alice") })
	}
	if s.Read != nil {
		if _, err := s.Read(ctx, other.ID, installed); err != nil {
			t.Errorf("what is installed: %v", err)
		}
		if found, err := s.Read(ctx, other.ID, confidential); err == nil {
			t.Errorf("another machine has the letter %q", found)
		}
		if _, err := s.Read(ctx, other.ID, onData); err == nil {
			t.Error("another machine has what was on a data disk")
		}
	}
	m, err := s.Engine.Find(ctx, other.ID)
	if err != nil || m.Image != image.ID || len(m.Data) != 0 {
		t.Errorf("the machine is %+v, %v", m, err)
	}
	s.up(t, ctx, s.a)
	s.wantFile(t, ctx, confidential, true)
	s.rebuild(t, ctx, other, uuid.NewString())
	atOnce(t, func() error { return s.Engine.Delete(ctx, other.ID) })
	s.unpublish(t, ctx, p, image.ID)
}
