// Package secret keeps what must not be read: values that Carrel needs again are sealed with a key (Box), passwords are
// kept as slow hashes (Passwords). Bearer tokens, which are random, need no more than workspace.HashToken.
package secret
