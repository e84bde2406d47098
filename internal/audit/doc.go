// Package audit is the trail of who changed what, and of requests that were refused or failed: reading it, and adding what never
// reached a room. What rooms change is recorded by store.Tx, in the transaction of the change.
package audit
