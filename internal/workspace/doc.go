// Package workspace has what all rooms of the domain share: error codes, the caller (Caller), ids, rules for names and texts, pages of
// lists, jobs and sub-jobs with the tasks that they set on desktops, and the throttling of sign-ins of users and administrators.
//
// It imports the standard library and package backoff only.
package workspace
