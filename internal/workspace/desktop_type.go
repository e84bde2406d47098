package workspace

// DesktopType says who uses a desktop.
type DesktopType string

// The types of a desktop.
const (
	Dedicated DesktopType = "DEDICATED" // one person
	Shared    DesktopType = "SHARED"    // several people, each with a session of their own
	Pooled    DesktopType = "POOLED"    // whoever of a pool's people gets it
)
