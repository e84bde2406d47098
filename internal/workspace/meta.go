package workspace

import "time"

// Meta is what every resource has that a project knows by id and by name. Embed it.
type Meta struct {
	ID         string `bun:",pk"`
	ProjectID  string
	Name       string // unique in the project, ignoring case
	NameFolded string `json:"-"` // set by the store from Name
	Created    time.Time
	Updated    time.Time
}

// NewMeta returns the Meta of a resource that c is about to add. The store sets the times.
func NewMeta(c Caller, name string) Meta {
	return Meta{ID: NewID(), ProjectID: c.ProjectID, Name: name}
}

// Named is a row that embeds Meta.
type Named interface{ Head() *Meta }

// Head returns the Meta of a struct that embeds it.
func (m *Meta) Head() *Meta { return m }
