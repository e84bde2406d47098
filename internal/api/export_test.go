package api

import (
	"maps"
	"slices"
)

// Operation is a line of the route table, for tests.
type Operation struct{ Method, Path, ID, Action string }

// Operations returns the route table, by area.
func Operations() []Operation {
	var all []Operation
	areas := (&Server{}).operations()
	for _, area := range slices.Sorted(maps.Keys(areas)) {
		for _, o := range areas[area] {
			all = append(all, Operation{o.method, o.path, o.id, o.action})
		}
	}
	return all
}
