// Package overlay says of the operations that Carrel serves what the API's data (internal/api/data) does not: handlers, permissions,
// summaries, what fields mean, and which of them are refused and why. One file per area. Only the generator imports it, so a misspelt
// name is an error of the compiler or of the generator, never of a running server.
package overlay

import "maps"

// Area is a group of operations that the documentation shows together.
type Area struct {
	Name       string
	File       string // of the generated types: wire/<File>_gen.go
	Operations []Operation
	Types      map[string]Fields // by the data's type, then by the field's name on the wire
}

// Operation is one operation that is served. Its action has the name in the API's reference where that is known (TestActionsHaveTheNamesOfTheAPI
// has those). The data has no actions, so the others are made in the way of the known ones: the resource in camel case; then list, get, create,
// update or delete, with batch before it for several that a body names; for all else the verb of the path, or of the operation.
type Operation struct {
	ID       string // as the data has it
	Handler  string // the server's method
	Action   string // as the API's authorization knows it, such as workspace:desktops:create
	Summary  string // one line, imperative
	Status   int    // of success: 200 if zero
	Query    Fields // parameters
	Bodyless bool   // a request may leave the body out
	File     bool   // it answers with a file, which the data does not declare
	Writes   bool   // it changes something, though it is a GET
	Reads    bool   // it changes nothing, though it is not a GET

	// What the description tells besides.
	Jobs         []string // the types of the sub-jobs that it makes
	Dependencies []string // the actions that the API's reference wants besides; Carrel wants none, as networks and images are not the caller's
}

// Fields are fields of a body or parameters by their name on the wire.
type Fields map[string]Field

// Field adds to a field or parameter of the data. The zero value adds nothing.
type Field struct {
	Doc       string
	Name      string   // in Go; made from the name on the wire if empty
	Type      string   // in Go, where a client sends another form than the data declares
	Present   bool     // absent differs from zero: a pointer, or an Optional as a parameter; answers leave it out when nil
	Needed    bool     // a request must have it, though the data does not say so
	Loose     bool     // a request need not have it, though the data says so
	Enum      []string // the values taken, where the data lists none or others; an empty list leaves the check to the room
	Min       *int
	Max       *int // of a list: its length
	MinLength int  // of a text, in characters
	MaxLength int
	InRoom    string // why the limits of a body's field, also those of the data, are not checked at the edge but by the room
	Default   string
	Refuse    string // why Carrel does not honour the field: a request that has it is refused with this
	Unless    string // values of a refused field that ask for nothing, separated by commas
	SameAs    string // a field of the same body: a refused field that repeats it asks for nothing
	Omit      string // why an answer leaves the field out
	Sparse    bool   // an answer leaves the field out when it is zero
	Filters   bool   // an enterprise_project_id in a body that selects what is there, rather than where something is put
}

// Areas returns what Carrel serves.
func Areas() []Area {
	return []Area{
		assignment(),
		auditTrail(),
		authConfig(),
		catalog(),
		cloudImages(),
		desktops(),
		desktopChanges(),
		enterpriseProjects(),
		jobs(),
		namePolicies(),
		neighbours(),
		networks(),
		orders(),
		organisationalUnits(),
		poolChanges(),
		pools(),
		publicAddresses(),
		quotas(),
		scripts(),
		volumes(),
		securityGroups(),
		snapshots(),
		service(),
		statistics(),
		tags(),
		userGroups(),
		vpcs(),
		users(),
		otpDevices(),
		files(),
	}
}

// Reasons for limits that stay with the room.
const (
	inRoomForOthers = "files and orders of desktops have it, too"
	inRoomWithMore  = "the room's check is of more than the length"
)

// moment is the form of a time in a request.
const moment = "A time in RFC 3339, such as 2026-01-31T12:00:00Z; years 1970 to 9999"

// limited is a parameter for paging.
func limited(most int, usual string) Field { return Field{Min: new(0), Max: &most, Default: usual} }

// offset is the other one.
func offset() Field { return Field{Min: new(0), Default: "0"} }

// merged is all of the maps. What is in several must be the same.
func merged[M ~map[string]V, V any](all ...M) M {
	out := M{}
	for _, m := range all {
		maps.Copy(out, m)
	}
	return out
}
