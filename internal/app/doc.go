// Package app wires the rooms together into the running control plane. It holds no rule of the domain: it reads the
// configuration, opens what the configuration names, starts the services in the order of their needs and stops them in the
// opposite one. The commands and the end-to-end tests use it alike.
package app
