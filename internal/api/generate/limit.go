package main

import (
	"fmt"
	"strings"

	"carrel/internal/api/overlay"
)

// limits are the tags by which huma checks and describes a field.
func (g *generator) limits(d field, f overlay.Field) string {
	var b strings.Builder
	values := f.Enum
	if values == nil && f.Type == "" {
		for _, v := range d.Enum {
			values = append(values, fmt.Sprint(v))
		}
	}
	if len(values) > 0 {
		fmt.Fprintf(&b, " enum:%q", strings.Join(values, ","))
	}
	if d.In == "query" {
		if strings.HasPrefix(d.Type, "[]") {
			b.WriteString(bound("maxItems", f.Max, d.MaxItems))
		} else {
			b.WriteString(bound("minimum", f.Min, d.Min) + bound("maximum", f.Max, d.Max))
		}
		switch {
		case f.Default != "":
			fmt.Fprintf(&b, " default:%q", f.Default)
		case d.Default != nil && !f.Present:
			fmt.Fprintf(&b, ` default:"%v"`, d.Default)
		}
		if f.MaxLength > 0 {
			fmt.Fprintf(&b, ` maxLength:"%d"`, f.MaxLength)
		}
	}
	switch {
	case f.Doc != "" && f.Refuse != "":
		fmt.Fprintf(&b, " doc:%q", f.Doc+"; otherwise refused: "+f.Refuse)
	case f.Doc != "":
		fmt.Fprintf(&b, " doc:%q", f.Doc)
	case f.Refuse != "":
		fmt.Fprintf(&b, " doc:%q", "Refused: "+f.Refuse)
	}
	return b.String()
}

// bodyLimits are those of a field of a request's body. What may be absent has no least length, as clients send nothing for it that way, too,
// unless a pointer tells the one from the other.
func bodyLimits(d field, f overlay.Field, kind string) string {
	var least string
	given := !optional(d, f) || strings.HasPrefix(kind, "*")
	switch {
	case f.InRoom != "":
		return ""
	case strings.HasPrefix(d.Type, "[]"):
		if given {
			least = bound("minItems", f.Min, d.MinItems)
		}
		return least + bound("maxItems", f.Max, d.MaxItems)
	case strings.TrimPrefix(kind, "*") == "string":
		if given {
			least = bound("minLength", own(f.MinLength), d.MinLen)
		}
		return least + bound("maxLength", own(f.MaxLength), d.MaxLen)
	default:
		return bound("minimum", f.Min, d.Min) + bound("maximum", f.Max, d.Max)
	}
}

// own is a limit of the overlay, if it has one.
func own(limit int) *int {
	if limit == 0 {
		return nil
	}
	return &limit
}

// bound is a limit of a number: the overlay's, or else the data's.
func bound(tag string, own *int, data *float64) string {
	switch {
	case own != nil:
		return fmt.Sprintf(` %s:"%d"`, tag, *own)
	case data != nil:
		return fmt.Sprintf(` %s:"%v"`, tag, *data)
	default:
		return ""
	}
}
