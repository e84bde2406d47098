package iam

import "net/http"

// SignatureHolds parses the signature of a request and checks it with a secret key, as for the body of the request.
func SignatureHolds(r *http.Request, secretKey, body []byte) bool {
	auth, err := parseAuthorization(r.Header.Get("Authorization"))
	return err == nil && signatureHolds(r, auth, secretKey, body)
}

// Remembered counts what a service remembers of callers.
func Remembered(s *Service) int {
	m := &s.memory
	return m.tokens.size() + m.keys.size() + m.projects.size() + m.rights.size()
}
