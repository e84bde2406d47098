package usage

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func at(text string) time.Time {
	t, err := time.Parse("2006-01-02 15:04", text)
	if err != nil {
		panic(err)
	}
	return t
}

func between(begun, ended string) Session {
	s := Session{Begun: at(begun)}
	if ended != "" {
		s.Ended = at(ended)
	}
	return s
}

func TestUseIsToldForEachDayAndHour(t *testing.T) {
	week := Period{at("2026-03-02 00:00"), at("2026-03-09 00:00")}
	for name, c := range map[string]struct {
		sessions []Session
		period   Period
		by       Unit
		want     string
	}{
		"none":                      {nil, week, ByDay, ""},
		"within a day":              {[]Session{between("2026-03-03 09:00", "2026-03-03 10:30")}, week, ByDay, "03 00:00 1h30m0s"},
		"over midnight":             {[]Session{between("2026-03-03 23:00", "2026-03-04 01:30")}, week, ByDay, "03 00:00 1h0m0s, 04 00:00 1h30m0s"},
		"by hour":                   {[]Session{between("2026-03-03 09:50", "2026-03-03 11:10")}, week, ByHour, "03 09:00 10m0s, 03 10:00 1h0m0s, 03 11:00 10m0s"},
		"begun before the period":   {[]Session{between("2026-03-01 23:00", "2026-03-02 01:00")}, week, ByDay, "02 00:00 1h0m0s"},
		"ended after the period":    {[]Session{between("2026-03-08 22:00", "2026-03-09 01:00")}, week, ByDay, "08 00:00 2h0m0s"},
		"going on":                  {[]Session{between("2026-03-05 11:00", "")}, week, ByDay, "05 00:00 1h0m0s"},
		"going on after the period": {[]Session{between("2026-03-05 11:00", "")}, Period{week.From, at("2026-03-05 11:30")}, ByDay, "05 00:00 30m0s"},
		"two at once": {
			[]Session{between("2026-03-03 09:00", "2026-03-03 11:00"), between("2026-03-03 10:00", "2026-03-03 10:30"), between("2026-03-03 10:30", "2026-03-03 12:00")},
			week, ByDay, "03 00:00 3h0m0s",
		},
		"two with a pause": {[]Session{between("2026-03-03 09:00", "2026-03-03 10:00"), between("2026-03-03 15:00", "2026-03-03 16:00")}, week, ByDay, "03 00:00 2h0m0s"},
		"of no length":     {[]Session{between("2026-03-03 09:00", "2026-03-03 09:00")}, week, ByDay, ""},
	} {
		var got string
		for i, p := range split(c.sessions, c.period, c.by.span(), at("2026-03-05 12:00")) {
			if i > 0 {
				got += ", "
			}
			got += fmt.Sprint(p.Begin.Format("02 15:04 "), p.Used)
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// TestUseIsEveryMinuteThatSomeSessionCovers compares with counting minutes.
func TestUseIsEveryMinuteThatSomeSessionCovers(t *testing.T) {
	minute := func(n int) time.Time { return at("2026-03-01 00:00").Add(time.Duration(n) * time.Minute) }
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.IntRange(0, 500)
		p := Period{minute(number.Draw(t, "from")), time.Time{}}
		p.Until = p.From.Add(time.Duration(1+number.Draw(t, "length")) * time.Minute)
		now := minute(1000)
		var sessions []Session
		for range rapid.IntRange(0, 5).Draw(t, "sessions") {
			s := Session{Begun: minute(number.Draw(t, "begun"))}
			if rapid.Bool().Draw(t, "ended") {
				s.Ended = s.Begun.Add(time.Duration(number.Draw(t, "lasts")) * time.Minute)
			}
			sessions = append(sessions, s)
		}
		slices.SortFunc(sessions, func(a, b Session) int { return a.Begun.Compare(b.Begun) })
		want := map[time.Time]time.Duration{}
		for m := p.From; m.Before(p.Until) && m.Before(now); m = m.Add(time.Minute) {
			if slices.ContainsFunc(sessions, func(s Session) bool { return !m.Before(s.Begun) && (s.Ended.IsZero() || m.Before(s.Ended)) }) {
				want[m.Truncate(time.Hour)] += time.Minute
			}
		}
		got := split(sessions, p, time.Hour, now)
		for i, part := range got {
			if part.Used != want[part.Begin] || i > 0 && !part.Begin.After(got[i-1].Begin) {
				t.Fatalf("%v: %v, want %v of %v", part.Begin, part.Used, want[part.Begin], sessions)
			}
		}
		if len(got) != len(want) {
			t.Fatalf("%d parts, want %d", len(got), len(want))
		}
	})
}
