// Package signin is how people prove who they are: passwords, codes of authenticator apps, sign-ins of the portal, and tickets for
// displays. Administrators of the API are package iam; both count failed attempts by the rules of package workspace.
package signin
