package quota

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"carrel/internal/workspace"
)

func TestARefusalHasTheFigureTheLimitAndWhatToDo(t *testing.T) {
	err := decide(Amounts{Desktops: 10, Users: 5}, Amounts{Desktops: 8, Users: 5}, Amounts{Desktops: 3, Cores: 6})
	if workspace.CodeOf(err) != workspace.CodeQuotaExceeded {
		t.Fatal(err)
	}
	for _, part := range []string{"general_instances", "10 desktops", "has 8", "3 more", "delete desktops", "carrel quota set"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
}

func TestWhatIsOverALowerLimitStopsOnlyMoreOfTheSame(t *testing.T) {
	limits, used := Amounts{Desktops: 2, Users: 9}, Amounts{Desktops: 5, Users: 1}
	if err := decide(limits, used, Amounts{Users: 8}); err != nil {
		t.Error(err)
	}
	if err := decide(limits, used, Amounts{Desktops: 1}); err == nil {
		t.Error("a sixth desktop of two is not refused")
	}
	if n := fit(limits, used, Amounts{Desktops: 1, Cores: 2}, 7); n != 0 {
		t.Errorf("%d more fit", n)
	}
}

func amounts(t *rapid.T, name string, most int64) Amounts {
	return rapid.MapOf(rapid.SampledFrom(Resources), rapid.Int64Range(0, most)).Draw(t, name)
}

// fit is the most that decide lets through.
func TestWhatFitsIsWhatIsNotRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limits, used, each := Amounts(amounts(t, "limits", 40)), Amounts(amounts(t, "used", 40)), Amounts(amounts(t, "each", 5))
		n := rapid.IntRange(0, 30).Draw(t, "n")
		got := fit(limits, used, each, n)
		if got < 0 || got > n {
			t.Fatalf("%d of %d fit", got, n)
		}
		if err := decide(limits, used, each.Times(got)); err != nil {
			t.Fatalf("%d fit, but are refused: %v", got, err)
		}
		if got < n && decide(limits, used, each.Times(got+1)) == nil {
			t.Fatalf("%d fit, and one more is not refused", got)
		}
	})
}
