// Package console is the way of administrators' browsers to the public API: it keeps their sign-ins, each around a token of the identity API, and
// forwards what a signed-in page asks for with that token. It has no operations on desktops, and no permissions of its own.
package console
