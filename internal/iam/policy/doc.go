// Package policy decides what a caller may do: a pure function from identity policies and a request to a decision that names the statement
// which decided. Policies have IAM's JSON form; Parse compiles them, Evaluate and Select apply them. docs/permissions.md describes the form.
package policy
