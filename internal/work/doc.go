// Package work has the operations on jobs and on rows of several rooms: reading, retrying and removing jobs, deleting what other rooms
// refer to, and removing expired rows.
package work
