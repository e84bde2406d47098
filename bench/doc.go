// Command bench measures Carrel and, beside each figure, the engine without Carrel in the same run. It prints a table and
// writes docs/benchmarks.md.
//
// It works in an Incus project with a storage pool and a network of its own, and removes them at the end, also after an
// interrupt. It needs root, bin/carrel and bin/carrel-guest; "make bench" builds them first.
package main
