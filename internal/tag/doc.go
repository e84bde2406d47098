// Package tag changes the tags of desktops and finds desktops by them. Desktops get their first tags when they are ordered; the
// rows are package desktop's.
package tag
