package workspace

// Sealer encrypts what must be read again; *secret.Box is one.
type Sealer interface {
	Seal(plain, context string) string
	Open(sealed, context string) ([]byte, error)
}
