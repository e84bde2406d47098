// Package secret protects secrets: values that Carrel needs again are encrypted with a key (Box), passwords are stored as slow hashes
// (Passwords). Bearer tokens, which are random, only need workspace.HashToken.
package secret
