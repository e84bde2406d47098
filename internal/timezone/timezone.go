// Package timezone has the time zones that desktops know, with their offsets, and finds the zone that another name means.
package timezone

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // the host of the control plane need not have the zones
)

// list has the time zones that every desktop image knows, one per line, followed by other names (old ones, those of Windows, cities without a
// zone of their own), each with a tab and its zone.
//
//go:embed timezones.txt
var list string

// meanings maps each name to its zone, and each zone to itself.
var meanings = sync.OnceValue(func() map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(list) {
		name, meant, other := strings.Cut(strings.TrimSpace(line), "\t")
		if !other {
			meant = name
		}
		all[name] = meant
	}
	return all
})

// Zone returns the zone that a name stands for, itself if it is one, or "".
func Zone(name string) string { return meanings()[name] }

// Offset is a zone and how far it is from UTC.
type Offset struct {
	Name   string        // "Europe/Berlin"
	Offset time.Duration // without summer time
}

// String returns the offset as "UTC+01:00".
func (o Offset) String() string {
	minutes := int(o.Offset / time.Minute)
	sign := "+"
	if minutes < 0 {
		sign, minutes = "-", -minutes
	}
	return fmt.Sprintf("UTC%s%02d:%02d", sign, minutes/60, minutes%60)
}

// Zones lists the zones from west to east, and by name, as they are in the year of a time.
func Zones(at time.Time) ([]Offset, error) {
	var all []Offset
	for name, meant := range meanings() {
		if name != meant {
			continue
		}
		place, err := time.LoadLocation(name)
		if err != nil {
			return nil, fmt.Errorf("reading the time zone %s: %w", name, err)
		}
		all = append(all, Offset{name, standard(place, at.UTC().Year())})
	}
	slices.SortFunc(all, func(a, b Offset) int {
		if a.Offset != b.Offset {
			return int(a.Offset/time.Second) - int(b.Offset/time.Second)
		}
		return strings.Compare(a.Name, b.Name)
	})
	return all, nil
}

// standard returns a zone's offset without summer time, which is the smaller of those of winter and summer.
func standard(place *time.Location, year int) time.Duration {
	_, january := time.Date(year, time.January, 1, 12, 0, 0, 0, place).Zone()
	_, july := time.Date(year, time.July, 1, 12, 0, 0, 0, place).Zone()
	return time.Duration(min(january, july)) * time.Second
}

var utcOffset = regexp.MustCompile(`^(?:GMT|UTC|Etc/GMT|Etc/UTC)?([+-])0?([0-9]{1,2})(?::?00)?$`)

// Guess returns the zone that a name may mean, with a remark if need be, or "".
func Guess(name string) string {
	if m := utcOffset.FindStringSubmatch(name); m != nil {
		sign := map[string]string{"+": "-", "-": "+"}[m[1]]
		if zone := "Etc/GMT" + sign + m[2]; Zone(zone) != "" {
			return zone + " (their sign is the other way round) or the zone of a city, such as Asia/Shanghai"
		}
		return ""
	}
	folded := func(s string) string { return strings.ToLower(strings.ReplaceAll(s, " ", "_")) }
	city := folded(name[strings.LastIndex(name, "/")+1:])
	best := ""
	for known, meant := range meanings() {
		switch {
		case folded(known) == folded(name):
			return meant
		case folded(known[strings.LastIndex(known, "/")+1:]) == city && (best == "" || meant < best):
			best = meant
		}
	}
	return best
}
