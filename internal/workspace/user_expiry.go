package workspace

import (
	"strconv"
	"time"
)

// expiryLayouts are the forms in which clients write times; those without a zone are UTC.
var expiryLayouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05", time.DateTime}

// ReadExpiry reads when somebody expires: a time, or milliseconds since 1970 as details show them. Empty and 0 are never, which is
// the zero time. CodeInvalid.
func ReadExpiry(field, text string) (time.Time, error) {
	if text == "" || text == "0" {
		return time.Time{}, nil
	}
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil && ms > 0 {
		return time.UnixMilli(ms).UTC(), nil
	}
	for _, layout := range expiryLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, invalid(field, "%q is not a time such as 2030-01-31T12:00:00Z, nor 0 for never", text)
}
