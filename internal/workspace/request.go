package workspace

// Request is a request to change something, of which its client has asked more than that.
type Request struct {
	Caller
	Token    string // identifies a request that the client may repeat; empty: none
	Content  []byte // what is requested, in one form: a repetition has the same
	Rehearse bool   // nothing is to change
}

// Answer is the response to a Request.
type Answer struct {
	Status int    `json:"status"` // of HTTP
	Kind   string `json:"kind"`   // the media type of the body
	Body   string `json:"body"`
	// Rehearsal is what the request would have changed; nil unless the request asks for that.
	Rehearsal *Rehearsal `json:"-"`
}

// Refused reports whether the answer is an error.
func (a Answer) Refused() bool { return a.Status >= 400 }

// Rehearsal is what a request would have changed.
type Rehearsal struct {
	Records []AuditRecord
	SubJobs []SubJob
	Made    map[string]bool // ids of rows that would be new: nothing has them
}
