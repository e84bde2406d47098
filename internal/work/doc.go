// Package work is what is about jobs and rows of all rooms: reading, retrying and removing jobs, deleting what other rooms refer to,
// and removing what has expired.
package work
