package workspace

// Passwords hashes and verifies passwords.
type Passwords interface {
	Hash(password string) (string, error)
	// Verify says whether the password is the hash's, and whether the hash should be made anew with today's parameters.
	Verify(password, hash string) (ok, rehash bool)
	// VerifyNothing takes as long as Verify, for users that do not exist.
	VerifyNothing(password string)
}

// Sealer encrypts what must be read again; *secret.Box is one.
type Sealer interface {
	Seal(plain, context string) string
	Open(sealed, context string) ([]byte, error)
}
