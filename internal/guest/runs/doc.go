// Package runs runs scripts inside a machine so that they survive those who asked for them: each has a folder, and a process of its
// own which supervises it.
//
// A folder has these files: run.json, what is asked for; lock, which the supervisor holds as long as it lives; begun, since when
// there is no second start; ended.json, the result. A run that has begun, has no result and nobody who holds its lock is lost: the
// machine was switched off, or the supervisor killed. So nothing has to be cleaned up after a crash, and a script is started at
// most once.
package runs
