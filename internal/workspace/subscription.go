package workspace

import (
	"time"
)

// Subscription is a project's opened Workspace service.
type Subscription struct {
	ID        string
	ProjectID string
	VPCID     string
	Opened    time.Time
}
