package api

import (
	"maps"
	"slices"
	"sync"
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

// Changing lists the operations that change something, with method and path by id.
var Changing = sync.OnceValue(func() map[string][2]string {
	all := map[string][2]string{}
	for _, operations := range (&Server{}).operations() {
		for _, o := range operations {
			if o.changes() {
				all[o.id] = [2]string{o.method, o.path}
			}
		}
	}
	return all
})

// Manages has what operations need the agency of a project for.
func Manages() map[string]string { return manages }
