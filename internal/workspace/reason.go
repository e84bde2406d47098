package workspace

// Reason is why something was or was not done: the rule for programs, the text for users.
type Reason struct {
	Rule string `json:"rule"`
	Text string `json:"text"`
}
