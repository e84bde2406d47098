package sim_test

import (
	"errors"
	"image"
	"testing"
	"testing/synctest"

	"carrel/internal/engine/enginetest"
	"carrel/internal/engine/sim"
	"carrel/internal/guest"
)

func TestWhatIsTypedAndCopiedIsSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := open(t, sim.Config{})
		v := view(t, e, launch(t, e, 1))
		other := view(t, e, spec(1).ID)
		blank := *v.Picture
		blank.Pix = append([]byte(nil), v.Picture.Pix...)
		see := func(what string) {
			t.Helper()
			if err := errors.Join(v.Ask(true), v.Update()); err != nil {
				t.Fatal(err)
			}
			if n := differences(&blank, v.Picture, image.Rect(0, 31, 1280, 800)); n == 0 {
				t.Errorf("%s is not in the picture", what)
			}
			copy(blank.Pix, v.Picture.Pix)
		}
		if err := v.Type("hello"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		see("what was typed")
		if err := errors.Join(v.KeyEvent(0xffe3, true), v.Key('c'), v.KeyEvent(0xffe3, false)); err != nil {
			t.Fatal(err)
		}
		if _, err := other.Next(); err != nil || other.CutText != "hello" {
			t.Errorf("the other viewer's clipboard is %q, %v", other.CutText, err)
		}
		if err := e.Notify(t.Context(), spec(1).ID, guest.Message{Title: "Hello", Text: "Lunch is ready."}); err != nil {
			t.Fatal(err)
		}
		see("the message")
		if m := e.Messages(spec(1).ID); len(m) != 1 || m[0].Text != "Lunch is ready." {
			t.Errorf("messages: %+v", m)
		}
	})
}

// differences counts the pixels of an area that are not the same.
func differences(a, b *image.RGBA, area image.Rectangle) (n int) {
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			if a.RGBAAt(x, y) != b.RGBAAt(x, y) {
				n++
			}
		}
	}
	return n
}

func TestASessionSurvivesHibernationButNotPowerOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := open(t, sim.Config{})
		id := launch(t, e, 1)
		clipboard := func() string {
			v := view(t, e, id)
			defer v.Close()
			return v.CutText
		}
		v := view(t, e, id)
		if err := v.Cut("kept"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if err := errors.Join(e.Hibernate(t.Context(), id), e.Start(t.Context(), id)); err != nil {
			t.Fatal(err)
		}
		if got := clipboard(); got != "kept" {
			t.Errorf("after hibernation the clipboard is %q", got)
		}
		if err := enginetest.Restart(t.Context(), e, id, true); err != nil {
			t.Fatal(err)
		}
		if got := clipboard(); got != "" {
			t.Errorf("after a restart the clipboard is %q", got)
		}
	})
}
