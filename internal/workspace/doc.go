// Package workspace is what all rooms of the domain share: error codes, who calls (Caller), ids, names and texts, pages of lists, jobs
// and sub-jobs with the tasks that they set on desktops, and the throttling of sign-ins, which people and administrators have in common.
//
// It imports the standard library and package backoff only.
package workspace
