package directory_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"carrel/internal/directory"
	"carrel/internal/workspace"
)

func TestExpiriesAreReadAsPeopleAndDirectoriesWriteThem(t *testing.T) {
	for text, want := range map[string]string{
		"2030-01-31T12:00:00Z": "2030-01-31T12:00:00Z", "2030-01-31T12:00:00+08:00": "2030-01-31T04:00:00Z", "2030-01-31 12:00:00": "2030-01-31T12:00:00Z",
		"1896091200000": "2030-01-31T12:00:00Z", "133801632000000000": "2025-01-01T00:00:00Z", // a FILETIME
		"2030-01-31": "2030-01-31T23:59:59Z", "2030/1/31": "2030-01-31T23:59:59Z", "31.01.2030": "2030-01-31T23:59:59Z", "31.1.2030 08:30": "2030-01-31T08:30:00Z",
		"2030年1月31日": "2030-01-31T23:59:59Z", "2030/1/31 8:30": "2030-01-31T08:30:00Z",
		"9999-12-31T23:59:59.9999999Z": "9999-12-31T23:59:59Z", "253402300799999": "9999-12-31T23:59:59Z",
	} {
		got, err := directory.ReadExpiry("account_expires", text)
		if err != nil || got.Format(time.RFC3339) != want {
			t.Errorf("%q is %v %v, want %s", text, got, err, want)
		}
	}
	for _, never := range []string{"", "0", "9223372036854775807"} {
		if got, err := directory.ReadExpiry("account_expires", never); err != nil || !got.IsZero() {
			t.Errorf("%q is %v %v, want never", never, got, err)
		}
	}
}

func TestExpiriesThatAreNoneAreRefusedWithAdvice(t *testing.T) {
	for text, why := range map[string]string{
		"soon": "is not a time", "-1": "is not a time", "1e9": "is not a time", "12/31/2026": "write it as", "01/02/2027": "write it as", "31/12/26": "write it as",
		"9999-12-31T23:59:59-14:00": "1970 to 9999", "0001-01-01T00:00:00Z": "1970 to 9999", "1969-12-31T23:59:59Z": "1970 to 9999",
		"253402300800000": "1970 to 9999", "9223372036854775806": "1970 to 9999", "99999999999999999999": "is not a time",
	} {
		if got, err := directory.ReadExpiry("account_expires", text); workspace.CodeOf(err) != workspace.CodeInvalid || !strings.Contains(err.Error(), why) || !strings.Contains(err.Error(), "account_expires: ") {
			t.Errorf("%q: %v %v, want %q", text, got, err, why)
		}
	}
}

func TestWhateverIsReadAsAnExpiryLiesWithinTheYears(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(
			rapid.Custom(func(t *rapid.T) string {
				return time.Unix(rapid.Int64().Draw(t, "seconds"), 0).UTC().Format(time.RFC3339)
			}),
			rapid.StringMatching(`[0-9]{1,20}`), rapid.StringMatching(`[0-9]{1,5}-[0-1]?[0-9]-[0-3]?[0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](Z|[+-][0-2][0-9]:[0-5][0-9])`), rapid.String(),
		).Draw(t, "text")
		got, err := directory.ReadExpiry("account_expires", text)
		if err == nil && !got.IsZero() && (got.Location() != time.UTC || got.Year() < 1970 || got.Year() > 9999 || got.Nanosecond()%1000 != 0) {
			t.Errorf("%q is %v", text, got)
		}
	})
}
