// Package workspace is Carrel's domain: desktops, the people they are assigned to, the catalogue they are made from and
// the jobs that change them. Rules are pure functions over these types; Service carries out what an administrator or a
// desktop user asks, in one transaction each, and leaves the work on machines to the job runner.
//
// It imports the standard library only. What it needs of the world it declares as interfaces: Store, Passwords.
package workspace
