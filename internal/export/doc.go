// Package export is lists that were asked for as files: made at once, fetched later, kept for some days.
package export
