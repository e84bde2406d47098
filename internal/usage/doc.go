// Package usage keeps when users were connected to desktops, and says from that how long desktops were used and which were not. A session
// outlives its connection, and its desktop.
package usage
