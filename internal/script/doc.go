// Package script keeps scripts and runs them in desktops, on request.
//
// A task is one request: its scripts or its command, in its desktops. A record is what comes of one script in one desktop. A sub-job
// runs the scripts of one desktop one after the other, and reads from the records how far that is. Whoever ends a record decides with
// the task's row locked what that means for the others (Decide).
package script
