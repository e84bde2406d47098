// Package job does the work that jobs ask for. The sub-jobs in the store are the queue: a Runner claims those that are due
// under a lease, carries out their steps on the engine, and ends them in one transaction with the change to the desktop.
//
// Nothing here trusts memory. A step looks at what is, does what is missing, and looks again, so that a process can die at any
// point and another one finishes the work. Two workers can overlap for a moment when a lease is lost; the engine's methods are
// idempotent and the store refuses the late one's writes.
package job
