// Package rollout brings a pool's desktops to another image, or back. Rollout decides what is next, a pure function; Advance
// carries that out while it holds the pool.
package rollout
