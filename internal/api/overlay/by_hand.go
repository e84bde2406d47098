package overlay

// ByHand returns the operations that are served and whose forms are written by hand, in internal/api.
func ByHand() []string { return nil }
