// Package sdk tests a whole Carrel through the official Go SDK, as its users have it: what the SDK sends is understood, and
// what it reads is there.
package sdk
