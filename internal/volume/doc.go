// Package volume changes the disks of desktops by themselves, in pools and outside: it adds, enlarges and deletes them, and changes their speed. Its
// jobs and their accounts are those of package reshape, which does the same for whole pools.
package volume
