// Package assignment is who has which desktop: giving desktops to users and groups, taking them away, and privileges. plan.Make
// decides; docs/assignment.md describes the strategies.
package assignment
