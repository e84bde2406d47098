package iam

import "net/http"

// SignatureHolds parses the signature of a request without a body and checks it with a secret key, for benchmarks.
func SignatureHolds(r *http.Request, secretKey []byte) bool {
	auth, err := parseAuthorization(r.Header.Get("Authorization"))
	return err == nil && signatureHolds(r, auth, secretKey, nil)
}

// Remembered counts what a service remembers of callers.
func Remembered(s *Service) int {
	m := &s.memory
	return m.tokens.size() + m.keys.size() + m.projects.size() + m.rights.size()
}
