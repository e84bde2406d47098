// Package signin authenticates users: passwords, codes of authenticator apps, sessions of the portal, and tickets for displays.
// Administrators of the API are authenticated by package iam; both count failed attempts by the rules of package workspace.
package signin
