// Package job executes jobs. The sub-jobs in the store are the queue: a Runner claims due sub-jobs under a lease, runs their steps on the
// engine, and ends them in one transaction with the change of the desktop.
//
// Nothing relies on memory. A step checks the actual state, does what is missing, and checks again, so a process may die at any point and
// another completes the work. Two workers can overlap for a moment after a lease was lost: the engine's methods are idempotent, and the
// store refuses the writes of the one without the lease.
package job
