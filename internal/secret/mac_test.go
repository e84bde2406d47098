package secret_test

import (
	"errors"
	"testing"

	"carrel/internal/secret"
)

func TestTags(t *testing.T) {
	b := box(t, oldKey)
	made := b.Authenticate([]byte("who did what"), "record/1")
	if err := b.Authentic(made, []byte("who did what"), "record/1"); err != nil {
		t.Fatal(err)
	}
	t.Run("CoverMessageAndContextAndWhereOneEnds", func(t *testing.T) {
		for _, other := range [][2]string{{"who did whatever", "record/1"}, {"who did what", "record/2"}, {"1who did what", "record/"}, {"", "record/1who did what"}} {
			if err := b.Authentic(made, []byte(other[0]), other[1]); !errors.Is(err, secret.ErrAltered) {
				t.Errorf("%q, %q: %v", other[0], other[1], err)
			}
		}
	})
	t.Run("RefuseEverySingleChangedCharacter", func(t *testing.T) {
		for i := range made {
			altered := []byte(made)
			altered[i] ^= 1
			if err := b.Authentic(string(altered), []byte("who did what"), "record/1"); err == nil {
				t.Errorf("character %d changed: accepted", i)
			}
		}
		for _, text := range []string{"", ".", made[:20], made + "A"} {
			if err := b.Authentic(text, []byte("who did what"), "record/1"); err == nil {
				t.Errorf("%q: accepted", text)
			}
		}
	})
	t.Run("OutliveARotationAndTellAnUnknownKey", func(t *testing.T) {
		rotated := box(t, newKey+"\n"+oldKey+"\n")
		if err := rotated.Authentic(made, []byte("who did what"), "record/1"); err != nil {
			t.Error(err)
		}
		again := rotated.Authenticate([]byte("who did what"), "record/1")
		if err := b.Authentic(again, []byte("who did what"), "record/1"); !errors.Is(err, secret.ErrUnknownKey) {
			t.Errorf("the older key alone: %v", err)
		}
	})
}
