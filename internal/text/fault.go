package text

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Fault is what is wrong with a text of a request, and where it stands.
type Fault struct {
	Field string // "desktops[0].user_name"; "body" if it is in none, "path" in a path
	Err   error
}

func (f *Fault) Error() string { return f.Field + ": " + f.Err.Error() }

// Unwrap returns what is wrong.
func (f *Fault) Unwrap() error { return f.Err }

// CheckURL says what is wrong with the texts of an address, or nil.
func CheckURL(u *url.URL) *Fault {
	if err := Check(u.Path); err != nil {
		return &Fault{"path", err}
	}
	query := u.Query()
	for _, name := range slices.Sorted(maps.Keys(query)) {
		for _, value := range append([]string{name}, query[name]...) {
			if err := Check(value); err != nil {
				return &Fault{strings.ToValidUTF8(name, "?"), err}
			}
		}
	}
	return nil
}

// The maximum of what a place names: it repeats what a caller sent.
const (
	maxPlaceLevels = 16
	maxPlaceName   = 64 // bytes
)

// level is an object or a list that a place in a JSON text is in.
type level struct {
	list  bool
	index int    // of the item
	name  string // of the field
}

// placeIn returns the field in which a part of a JSON text ends. The text need not be valid.
func placeIn(data []byte) string {
	var in []level
	word, begin := "", -1 // the last string, and where the one begins that has not ended
	for i := 0; i < len(data); i++ {
		c := data[i]
		switch {
		case begin >= 0 && c == '\\':
			i++
		case begin >= 0 && c == '"':
			word, begin = string(data[begin:i]), -1
		case begin >= 0:
		case c == '"':
			begin = i + 1
		case c == '{' || c == '[':
			in = append(in, level{list: c == '['})
		case len(in) == 0:
		case c == '}' || c == ']':
			in = in[:len(in)-1]
		case c == ':' && !in[len(in)-1].list:
			in[len(in)-1].name = word
		case c == ',':
			in[len(in)-1].index++
			in[len(in)-1].name = ""
		}
	}
	var place strings.Builder
	for _, l := range in[:min(len(in), maxPlaceLevels)] {
		switch {
		case l.list:
			place.WriteString("[" + strconv.Itoa(l.index) + "]")
		case l.name != "":
			name := strings.ToValidUTF8(l.name[:min(len(l.name), maxPlaceName)], "")
			if place.Len() > 0 {
				name = "." + name
			}
			place.WriteString(name)
		}
	}
	if place.Len() == 0 {
		return "body"
	}
	return place.String()
}
