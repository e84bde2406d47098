package picture

import (
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func scene() Scene {
	return Scene{
		Now: time.Date(2026, 9, 1, 9, 41, 7, 0, time.UTC), Name: "reading-room-3", State: "running", Account: "alice",
		Facts: []Fact{
			{"Machine", "reading-room-3-8d1f0c2a"}, {"Address", "10.87.0.12"},
			{"Size", "2 CPUs, 4096 MiB of memory, 80 GiB of disk"}, {"Host", "sim"},
		},
		Lines: []string{"Dear diary,", "today I typed into a picture"}, Pointer: image.Pt(900, 640), Viewers: 2,
		Message: "Maintenance tonight\nThis desktop restarts at six o'clock. Please save your work before you leave.", Urgent: true,
	}
}

// TestLookAtIt writes pictures to the folder in PICTURES, for people to look at.
func TestLookAtIt(t *testing.T) {
	folder := os.Getenv("PICTURES")
	if folder == "" {
		t.Skip("PICTURES names no folder")
	}
	plain := scene()
	plain.Lines, plain.Message, plain.Viewers = []string{""}, "", 1
	for name, size := range map[string]image.Point{"full": {1280, 800}, "small": {640, 480}, "tiny": {160, 120}, "wide": {1920, 1080}} {
		p := image.NewRGBA(image.Rectangle{Max: size})
		s := scene()
		if name == "wide" {
			s = plain
		}
		new(Painter).Paint(p, s)
		f, err := os.Create(filepath.Join(folder, name+".png"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := png.Encode(f, p); err != nil {
			t.Fatal(err)
		}
	}
}

func BenchmarkPaint(b *testing.B) {
	p := image.NewRGBA(image.Rect(0, 0, 1280, 800))
	var painter Painter
	s := scene()
	for b.Loop() {
		painter.Paint(p, s)
	}
}

func BenchmarkFirstPaint(b *testing.B) {
	p := image.NewRGBA(image.Rect(0, 0, 1280, 800))
	s := scene()
	for b.Loop() {
		new(Painter).Paint(p, s)
	}
}
