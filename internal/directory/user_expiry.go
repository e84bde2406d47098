package directory

import (
	"strconv"
	"strings"
	"time"

	"carrel/internal/workspace"
)

// Numbers above maxMillis, the last millisecond of the year 9999, are FILETIMEs: steps of 100 ns since the year 1601, as in
// directories. neverFiletime means never there.
const (
	maxMillis     = 253402300799999
	neverFiletime = "9223372036854775807"
	filetimeEpoch = -11644473600 // seconds from 1970 to 1601
	filetimeSteps = 10_000_000   // per second
)

// expiryLayouts are the time formats that clients and spreadsheets use; those without a zone are UTC.
var expiryLayouts = []string{
	time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateTime, "2006-01-02 15:04", "2006/1/2 15:04:05", "2006/1/2 15:04",
	"2.1.2006 15:04:05", "2.1.2006 15:04",
}

// expiryDays are formats of dates without a time of day.
var expiryDays = []string{"2006-1-2", "2006/1/2", "2006.1.2", "2.1.2006", "2006年1月2日"}

// ReadExpiry parses the expiry of a user: a time, a date (its last second), milliseconds since 1970 as details show them, or a
// FILETIME. Empty, 0 and the largest FILETIME mean never, which is the zero time. Other results are in the years 1970 to 9999, in
// whole microseconds, UTC. CodeInvalid.
func ReadExpiry(field, text string) (time.Time, error) {
	if text == "" || text == "0" || text == neverFiletime {
		return time.Time{}, nil
	}
	t, ok := readTime(text)
	switch {
	case !ok && ambiguousDate(text):
		return t, workspace.Invalid(field, "%q could begin with the day or the month, write it as 2030-01-31", text)
	case !ok:
		return t, workspace.Invalid(field, "%q is not a time such as 2030-01-31T12:00:00Z, nor a date such as 2030-01-31, nor 0 for never", text)
	case t.Year() < 1970 || t.Year() > 9999:
		return t, workspace.Invalid(field, "%q is not within the years 1970 to 9999, use 0 for never", text)
	}
	return t.Truncate(time.Microsecond), nil
}

func readTime(text string) (time.Time, bool) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return timeOf(n), n > 0
	}
	for _, layout := range expiryLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), true
		}
	}
	for _, layout := range expiryDays {
		if t, err := time.Parse(layout, text); err == nil {
			return t.Add(24*time.Hour - time.Second), true
		}
	}
	return time.Time{}, false
}

func timeOf(n int64) time.Time {
	if n <= maxMillis {
		return time.UnixMilli(n).UTC()
	}
	return time.Unix(n/filetimeSteps+filetimeEpoch, n%filetimeSteps*100).UTC()
}

// ambiguousDate reports whether a text is a date that starts with the day in some countries and with the month in others.
func ambiguousDate(text string) bool {
	date, _, _ := strings.Cut(text, " ")
	for _, layout := range []string{"2/1/2006", "1/2/2006", "2/1/06", "1/2/06", "2-1-2006", "1-2-2006", "2.1.06"} {
		if _, err := time.Parse(layout, date); err == nil {
			return true
		}
	}
	return false
}

// ReadExpiryCell parses an expiry in a table, where a small number is a spreadsheet's date whose cell has lost its format.
func ReadExpiryCell(cell string) (time.Time, error) {
	const lastDay = 2958465 // 9999-12-31 in days since 1900
	if days, err := strconv.ParseFloat(cell, 64); err == nil && days > 0 && days <= lastDay {
		return time.Time{}, workspace.Invalid(string(ColExpires), "%q is a number, give the cell the format of a date, or write it as 2030-01-31", cell)
	}
	return ReadExpiry(string(ColExpires), cell)
}
