package workspace

// Caller is who sends a request, for the log and the job's row. It is not part of the request's content (see store.Once).
type Caller struct {
	ProjectID string `json:"-"`
	RequestID string `json:"-"`
	AdminID   string `json:"-"` // the administrator; empty for Carrel itself and for users
	Token     string `json:"-"` // the client token, for a request that may be repeated; empty: none
}
