// Package core creates the services of all rooms.
package core
