// Package app wires the rooms into the running control plane. It has no domain rules: it reads the configuration, opens what the
// configuration names, starts the services in the order of their dependencies and stops them in reverse order. The commands and the
// end-to-end tests both use it.
package app
