// Package web holds the built web pages inside the program.
package web

import (
	"embed"
	"io/fs"
)

// What "make build" leaves in dist is embedded; the other directory is always there, so that the program builds without.
//
//go:embed all:dist*
var built embed.FS

// Pages returns the built pages, and whether there are any: if not, it is one page that says how to build them.
func Pages() (pages fs.FS, ok bool) {
	dir := "dist"
	if _, err := fs.Stat(built, dir+"/index.html"); err != nil {
		dir = "dist-missing"
	}
	pages, err := fs.Sub(built, dir)
	if err != nil {
		panic(err) // the names are constants
	}
	return pages, dir == "dist"
}
