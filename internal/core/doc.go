// Package core makes the services of all rooms.
package core
