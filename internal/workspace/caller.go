package workspace

// Caller says who asks, for the log and the job's row. It is no part of what is asked (see once).
type Caller struct {
	ProjectID string `json:"-"`
	RequestID string `json:"-"`
	AdminID   string `json:"-"` // the administrator; empty for Carrel itself and for people
	Token     string `json:"-"` // the client's own name for a request that it may send again; empty: none
}
