package workspace

import "time"

// Meta is what everything has that a project knows by id and by name. Embed it.
type Meta struct {
	ID         string `bun:",pk"`
	ProjectID  string
	Name       string // unique in the project whatever its case
	NameFolded string `json:"-"` // the store keeps it in step with Name
	Created    time.Time
	Updated    time.Time
}

// NewMeta is the Meta of a thing that c is about to add. The store writes the times.
func NewMeta(c Caller, name string) Meta {
	return Meta{ID: NewID(), ProjectID: c.ProjectID, Name: name}
}

// Named is a row that embeds Meta.
type Named interface{ Head() *Meta }

// Head returns the Meta itself, of whatever embeds it.
func (m *Meta) Head() *Meta { return m }
