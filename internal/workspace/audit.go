package workspace

import "time"

// Resource names what a request is about.
type Resource struct {
	Type ResourceType
	ID   string
	Name string
}

// ResourceType is a kind of resource, in the singular: "desktop".
type ResourceType string

// The types of resources that have no store.Table; those that have one are called as its Noun.
const (
	ResourceDesktop      ResourceType = "desktop"
	ResourcePool         ResourceType = "pool"
	ResourceUser         ResourceType = "user"
	ResourceJob          ResourceType = "job"
	ResourceSubJob       ResourceType = "sub_job"
	ResourceExport       ResourceType = "export"
	ResourceOTPDevice    ResourceType = "otp_device"
	ResourceOTPConfig    ResourceType = "otp_config"
	ResourceAuthConfig   ResourceType = "auth_config"
	ResourceSignInRules  ResourceType = "sign_in_rules"
	ResourceSubscription ResourceType = "subscription"
	ResourceService      ResourceType = "service"
)

// AuditRecord says that somebody changed a resource, or that a request to do so was refused or failed. It is also the row.
type AuditRecord struct {
	ID        string `bun:",pk"`
	ProjectID string // or the account's id, for what concerns no project, such as an administrator's sign-in
	Time      time.Time

	ActorID    string
	ActorName  string // as it was then
	ActorKind  ActorKind
	Credential CredentialKind
	Address    string
	RequestID  string
	Operation  string
	Action     string // Caller.Permission

	ResourceType ResourceType
	ResourceID   string
	ResourceName string // as it was then

	Result    AuditResult
	ErrorCode Code          // unless the result is success
	ErrorMsg  string        // as the caller was told
	JobID     string        // the job that carries the change out, if one does
	Changes   []FieldChange `bun:",nullzero"`
}

// AuditResult is what became of a request.
type AuditResult string

// The results.
const (
	AuditSuccess AuditResult = "success" // the change is stored; if there is a job, that says how it ended
	AuditRefused AuditResult = "refused" // the caller's error
	AuditFailed  AuditResult = "failed"  // the server's
)

// MaxAuditValue is the maximum length of a recorded value, in bytes. Longer ones are shortened.
const MaxAuditValue = 256

// FieldChange is a field of a resource before and after a change, as text. Old is empty for a new resource, New for a deleted one.
type FieldChange struct {
	Field string `json:"field"`
	Old   string `json:"old,omitempty"`
	New   string `json:"new,omitempty"`
}

// Record returns the record of what c does to a resource. The store sets the time.
func (c Caller) Record(r Resource) AuditRecord {
	return AuditRecord{
		ID: NewID(), ProjectID: c.ProjectID, ActorID: c.Actor.ID, ActorName: c.Actor.Name, ActorKind: c.Actor.Kind, Credential: c.Credential,
		Address: c.Address, RequestID: c.RequestID, Operation: c.Operation, Action: c.Permission,
		ResourceType: r.Type, ResourceID: r.ID, ResourceName: r.Name, Result: AuditSuccess,
	}
}
