package guest_test

import (
	"testing"

	"carrel/internal/guest"
)

func TestAScreenFitsTheMemory(t *testing.T) {
	for _, c := range []struct{ memory, w, h, wantW, wantH int }{
		{2048, 1920, 1080, 1920, 1080},
		{2048, 3840, 2160, 3840, 2160},
		{2048, 11636, 6545, 5461, 3071}, // a 4K screen at 33 %
		{512, 11636, 6545, 2730, 1535},
		{256, 1920, 1200, 1920, 1200},
		{65536, 11636, 6545, 7680, 4319},
	} {
		if w, h := guest.FitScreen(c.w, c.h, guest.ScreenPixels(c.memory)); w != c.wantW || h != c.wantH {
			t.Errorf("%dx%d with %d MiB is %dx%d, want %dx%d", c.w, c.h, c.memory, w, h, c.wantW, c.wantH)
		}
	}
}

func TestAScreenNeverHasMorePixelsThanAllowed(t *testing.T) {
	sides := []int{1, 2, 7, 640, 1080, 1921, 4096, 6545, 11636, 32767, 65535}
	for _, memory := range []int{0, 256, 1024, 2048, 8192, 1 << 20} {
		pixels := guest.ScreenPixels(memory)
		for _, width := range sides {
			for _, height := range sides {
				w, h := guest.FitScreen(width, height, pixels)
				if w*h > pixels || w < 1 || h < 1 || w > width || h > height {
					t.Errorf("%dx%d with %d pixels became %dx%d", width, height, pixels, w, h)
				}
				if width*height <= pixels && (w != width || h != height) {
					t.Errorf("%dx%d fits %d pixels and became %dx%d", width, height, pixels, w, h)
				}
			}
		}
	}
}
