// Package assignment is who has which desktop: giving desktops to people and groups, taking them away, privileges, and the life of
// people who have desktops (making, importing, renaming and deleting them). PlanAssignment decides; docs/assignment.md tells how.
package assignment
