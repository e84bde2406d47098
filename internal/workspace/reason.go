package workspace

// Reason is why something was done or left undone: the rule for programs, the text for people.
type Reason struct {
	Rule string `json:"rule"`
	Text string `json:"text"`
}
