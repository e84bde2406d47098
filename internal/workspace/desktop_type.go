package workspace

// DesktopType says who uses a desktop.
type DesktopType string

// The types of a desktop.
const (
	Dedicated DesktopType = "DEDICATED" // one user
	Shared    DesktopType = "SHARED"    // several users, each with their own session
	Pooled    DesktopType = "POOLED"    // a pool's users, one after the other
)
