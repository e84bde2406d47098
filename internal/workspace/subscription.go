package workspace

import (
	"time"
)

// Subscription is the Workspace service that is open for a project.
type Subscription struct {
	ID        string
	ProjectID string
	VPCID     string
	Opened    time.Time

	SignInRules string // of the project's users, as package signin writes them; empty: the usual ones
}
