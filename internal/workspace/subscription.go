package workspace

import (
	"time"
)

// ServiceStatus is the state of a project's Workspace service, in the words of the API.
type ServiceStatus string

// The states. The others of the API do not occur: closing is done at once.
const (
	ServiceOpening ServiceStatus = "SUBSCRIBING" // owned by the job that opens it
	ServiceOpen    ServiceStatus = "SUBSCRIBED"
	ServiceFailed  ServiceStatus = "SUBSCRIPTION_FAILED" // can be opened again, or closed
	ServiceClosed  ServiceStatus = "CLOSED"
)

// Subscription is the Workspace service of a project.
type Subscription struct {
	ID        string
	ProjectID string
	VPCID     string
	Opened    time.Time

	SignInRules      string // of the project's users, as package signin writes them; empty: the usual ones
	Status           ServiceStatus
	JobID            string // of the job that opened or closed it last
	FailReason       string // why it could not be opened
	EnterpriseID     string // by which users name the project when they sign in; unique in the installation
	EnterpriseFolded string // without case, for that

	Locked     time.Time // since when nothing of it may be changed; zero: it may
	LockReason string

	KnownUsersOnly bool // a desktop cannot be ordered for, or assigned to, a user who does not exist
	NoScripts      bool // no scripts or commands run in desktops
}

// Usable returns why nothing may be changed in the service, or nil: CodeNotSubscribed unless it is open, CodeConflict while it is being opened,
// CodeServiceLocked.
func (s Subscription) Usable() error {
	switch {
	case s.Status == ServiceOpening:
		return Errorf(CodeConflict, "the Workspace service is being opened for project %q: try again when GET /v2/%s/workspaces says %s", s.ProjectID, s.ProjectID, ServiceOpen)
	case s.Status == ServiceFailed:
		return Errorf(CodeNotSubscribed, "the Workspace service could not be opened for project %q (%s): open it again with POST /v2/%s/workspaces", s.ProjectID, s.FailReason, s.ProjectID)
	case s.Status == ServiceClosed:
		return NotSubscribed(s.ProjectID)
	}
	return s.Unlocked()
}

// Unlocked returns why the service may not be changed although it need not be open for that, or nil. CodeServiceLocked.
func (s Subscription) Unlocked() error {
	if s.Locked.IsZero() {
		return nil
	}
	return Errorf(CodeServiceLocked, "the Workspace service of project %q is locked (%s): PUT /v2/%s/workspaces/lock-status unlocks it", s.ProjectID, s.LockReason, s.ProjectID)
}

// MayRunScripts returns why no scripts and commands run in the project's desktops, or nil. CodeSettingOff.
func (s Subscription) MayRunScripts() error {
	if s.NoScripts {
		return Errorf(CodeSettingOff, "the project's setting run_scripts is OFF: neither scripts nor commands run in its desktops")
	}
	return nil
}

// MayCreateUser returns why a user who does not exist cannot be created in passing, or nil. CodeSettingOff. field is that of the request which names
// the user.
func (s Subscription) MayCreateUser(field, name string) error {
	if s.KnownUsersOnly {
		return Errorf(CodeSettingOff, "%s: user %q does not exist, and the project's setting create_unknown_users is OFF: create the user first", field, name)
	}
	return nil
}

// NotSubscribed returns the error of a project whose service is not open: CodeNotSubscribed.
func NotSubscribed(projectID string) error {
	return Errorf(CodeNotSubscribed, "the Workspace service is not open for project %q: open it with POST /v2/%s/workspaces", projectID, projectID)
}
