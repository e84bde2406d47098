// Package iam knows who calls: accounts (domains), their projects, their administrators (IAM users) with passwords and
// access keys, and the tokens and temporary keys made from those. It verifies requests (Service.Authenticate), says what a
// caller may do (Service.Authorize) and serves the identity API under /v3, /v3.0 and /v5 (Service.Handler).
//
// The people who work in desktops are another matter: see packages directory and signin.
package iam
