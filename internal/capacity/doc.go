// Package capacity is the disk and memory that there is, and what of it is promised to desktops.
package capacity
