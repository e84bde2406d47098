package api

import "fmt"

// Limits of the structure of a JSON body, checked before it is decoded: a body of a few megabytes can have millions of values,
// each a hundred times as large in memory as in the body. The largest reasonable request, which assigns 10,000 desktops to as
// many users with every field, has 170,000 values. A list that is slightly too long passes, so that the operation can report its
// limit.
const (
	maxJSONDepth  = 16
	maxJSONItems  = 20_000 // in one array or object
	maxJSONValues = 250_000
)

// shapeError is an error in the structure of a body.
type shapeError string

// textMark distinguishes errors of package text in the same way.
const textMark = "text: "

// textError is an error of package text.
type textError struct{ error }

func (e textError) Error() string { return textMark + e.error.Error() }

// shapeMark distinguishes a shapeError from errors of encoding/json: huma passes on only the text.
const shapeMark = "shape: "

func (e shapeError) Error() string { return shapeMark + string(e) }

// checkShape returns an error for a JSON text that is too deep or has too many values. It does not check the syntax.
func checkShape(text []byte) error {
	items := make([]int, 0, maxJSONDepth) // number of items in each open array and object
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

// endOfString returns the index of the quote that ends the string begun at start, or the text's length.
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
