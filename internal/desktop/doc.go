// Package desktop is the desktops themselves: ordering, names, states, power actions, deletion, and their rows. A Member is the
// part of a pool desktop that its pool decides about; its rows are here, its rules in package pool.
package desktop
