package incus_test

import (
	"fmt"
	"os"
	"testing"

	"carrel/internal/engine"
	"carrel/internal/engine/enginetest"
	"carrel/internal/engine/incus"
)

func TestIncusIsAnEngine(t *testing.T) {
	enginetest.Run(t, func(t *testing.T) enginetest.Fixture { return fixture(t, image, false) })
}

// TestIncusIsAnEngineWithTheDesktopImage runs the same suite on the real image, its guest included, where
// CARREL_TEST_IMAGE names the image's archive.
func TestIncusIsAnEngineWithTheDesktopImage(t *testing.T) {
	path := os.Getenv("CARREL_TEST_IMAGE")
	if path == "" {
		t.Skip("set CARREL_TEST_IMAGE to the archive of a desktop image")
	}
	enginetest.Run(t, func(t *testing.T) enginetest.Fixture {
		desktop, err := open(t).ImportImage(t.Context(), incus.ImageFiles{Metadata: path}, "carrel-desktop", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		return fixture(t, desktop, true)
	})
}

func fixture(t *testing.T, image string, guests bool) enginetest.Fixture {
	base := lastHost.Add(20)
	return enginetest.Fixture{
		Engine:  open(t),
		Network: networks[0],
		Image:   image,
		Class:   "SAS",
		Address: func(i int) string { return fmt.Sprintf("10.232.200.%d", int(base)%200+i+10) },
		Guests:  guests,
		Reopen:  func() (engine.Engine, error) { return incus.Open(t.Context(), config) },
	}
}
