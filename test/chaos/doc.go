// Package chaos plays small installations with desktop pools in which people, administrators and faults do what a seed draws, on the real
// store, job runner and domain and the simulated engine.
package chaos
