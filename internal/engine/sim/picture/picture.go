// Package picture draws the desktop that a simulated machine shows.
package picture

import (
	"image"
	"time"
)

// Scene is the content of a picture.
type Scene struct {
	Now       time.Time
	Name      string // the desktop's
	State     string
	Account   string
	Facts     []Fact
	Lines     []string // typed text
	Clipboard string
	Message   string // title and text, on lines of their own; empty shows none
	Urgent    bool
	Pointer   image.Point // negative if unknown
	Pressed   bool        // a button of it is down
	Viewers   int
}

// Fact is a line of the card.
type Fact struct{ Name, Value string }
