package incus_test

import (
	"errors"
	"strings"
	"testing"

	"carrel/internal/engine"
)

// TestALaunchOfWhatIsGoneIsRefusedAtOnce: the engine remembers an image that was deleted behind its back.
func TestALaunchOfWhatIsGoneIsRefusedAtOnce(t *testing.T) {
	e := open(t)
	s := newSpec(testNetwork)
	s.Image = strings.Repeat("0", 64)
	e.RememberImage(s.Image)
	deleteAfter(t, e, s.ID)
	if _, err := e.Launch(t.Context(), s); !errors.Is(err, engine.ErrInvalid) || !strings.Contains(err.Error(), "no image") {
		t.Errorf("without its image: %v", err)
	}
	s = newSpec("nowhere0")
	deleteAfter(t, e, s.ID)
	if _, err := e.Launch(t.Context(), s); !errors.Is(err, engine.ErrInvalid) {
		t.Errorf("without its network: %v", err)
	}
}
