package main

import (
	"strings"
	"testing"

	"carrel/internal/guest"
)

func TestAScreenLargerThanTheMemoryAllowsIsMadeSmaller(t *testing.T) {
	f := &fakeX{
		screens: [][2]uint16{{1280, 800}, {11636, 6545}, {1920, 1200}, {3840, 2160}, {32000, 32000}},
		sizes:   [][2]uint16{{32000, 32000}, {1024, 768}, {1920, 1200}, {1920, 1080}},
		wishes:  make(chan int, 9),
	}
	x := f.dial(t)
	ended := make(chan error, 1)
	go func() { ended <- x.keepScreen(t.Context(), guest.ScreenPixels(2048)) }()
	for range 2 { // of five screens
		if got := <-f.wishes; got != 2 {
			t.Errorf("it was given size %d", got)
		}
	}
	x.close()
	if err := <-ended; err == nil {
		t.Error("it ended of itself")
	}
	if len(f.wishes) > 0 {
		t.Error("a screen that fits was given another size")
	}
}

func TestADisplayMayTakePartOfTheMemory(t *testing.T) {
	for table, want := range map[string]string{
		"MemTotal:        2097152 kB\nMemFree:  9 kB\n": "-ld 1048576",
		"MemTotal:         524288 kB\n":                 "-ld 262144",
		"":                                              "-ld 262144",
		"MemTotal: many kB\n":                           "-ld 262144",
	} {
		args := strings.Join(displayArguments(login{Name: "ann", UID: 1001}, totalMemory(table)), " ")
		if !strings.Contains(args, want) {
			t.Errorf("with %q: %q is missing in %q", table, want, args)
		}
	}
}
