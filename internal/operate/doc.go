// Package operate carries out what administrators ask of single desktops besides power actions: messages, signing people off,
// maintenance, and new system disks.
package operate
