package desktop

import (
	"time"
)

// GroupAssignment gives a desktop to a group: to whoever is in it at the time.
type GroupAssignment struct {
	DesktopID string
	GroupID   string
	GroupName string    // read with the group's row, as is People; not stored
	People    int       // how many are in it
	Group     UserGroup // of everybody in it who does not have the desktop in their own name
	Created   time.Time
}
