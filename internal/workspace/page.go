package workspace

// Page is a range of a list. Limit 0 returns no rows, only the total.
type Page struct {
	Offset int
	Limit  int
}

// Tag is a label of a desktop.
type Tag struct {
	Key   string
	Value string
}
