package api

import "fmt"

// The shape that a JSON body may have, looked at before anything is built of it: a body of a few megabytes can be millions of
// values, each a hundred times as large in memory as it is on the wire. The largest request that makes sense, which assigns 10,000
// desktops to as many people with every field, has 170,000 values. A list that is a little too long passes, so that the operation
// can say how long it may be.
const (
	maxJSONDepth  = 16
	maxJSONItems  = 20_000 // in one array or object
	maxJSONValues = 250_000
)

// shapeError is what is wrong with the shape of a body.
type shapeError string

// shapeMark tells a shapeError from what encoding/json says: huma hands on the text alone.
const shapeMark = "shape: "

func (e shapeError) Error() string { return shapeMark + string(e) }

// checkShape refuses a JSON text that is too deep or has too many values. It does not look for mistakes of the syntax.
func checkShape(text []byte) error {
	items := make([]int, 0, maxJSONDepth) // so far, in each array and object that is open
	values := 1
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			i = endOfString(text, i)
		case '[', '{':
			if len(items) == maxJSONDepth {
				return shapeError(fmt.Sprintf("arrays and objects are nested more than %d deep", maxJSONDepth))
			}
			items = append(items, 1)
			values++
		case ']', '}':
			items = items[:max(len(items)-1, 0)]
		case ',':
			values++
			if len(items) == 0 {
				continue
			}
			last := &items[len(items)-1]
			if *last++; *last > maxJSONItems {
				return shapeError(fmt.Sprintf("an array or object has more than %d items", maxJSONItems))
			}
		}
		if values > maxJSONValues {
			return shapeError(fmt.Sprintf("it has more than %d values", maxJSONValues))
		}
	}
	return nil
}

// endOfString returns the place of the quote that ends the string begun at start, or the text's length.
func endOfString(text []byte, start int) int {
	for i := start + 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(text)
}
