package workspace

// Passwords hashes and verifies passwords.
type Passwords interface {
	Hash(password string) (string, error)
	// Verify returns whether the password belongs to the hash, and whether the hash should be renewed with the current
	// parameters.
	Verify(password, hash string) (ok, rehash bool)
	// VerifyNothing takes as long as Verify, for users that do not exist.
	VerifyNothing(password string)
}

// Sealer encrypts what must be readable again; *secret.Box implements it.
type Sealer interface {
	Seal(plain, context string) string
	Open(sealed, context string) ([]byte, error)
}
