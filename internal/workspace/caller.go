package workspace

// Caller is who sends a request, and what it asks for. It is not part of the request's content.
type Caller struct {
	ProjectID  string         `json:"-"`
	RequestID  string         `json:"-"`
	Actor      Actor          `json:"-"`
	Credential CredentialKind `json:"-"`
	Address    string         `json:"-"` // of the client
	Operation  string         `json:"-"` // "DeleteDesktop"
	Permission string         `json:"-"` // the action as the API's authorization knows it, "workspace:desktops:delete"
	Target     Resource       `json:"-"` // the resource that the path of the request names, if any
	// Enterprises are the enterprise projects that the request puts something into. The transaction holds them (store.By).
	Enterprises []string `json:"-"`
}

// Actor is who acts.
type Actor struct {
	ID   string
	Name string
	Kind ActorKind
}

// ActorKind is the kind of an actor.
type ActorKind string

// The kinds of actors.
const (
	ActorAdministrator ActorKind = "administrator" // a caller of the API
	ActorUser          ActorKind = "user"          // of desktops, in the portal
	ActorSystem        ActorKind = "system"        // Carrel itself
)

// CredentialKind is what an actor proved their identity with.
type CredentialKind string

// The kinds of credentials.
const (
	CredentialToken        CredentialKind = "token"
	CredentialAccessKey    CredentialKind = "access_key"
	CredentialTemporaryKey CredentialKind = "temporary_key"
	CredentialSession      CredentialKind = "session"       // of the portal
	CredentialPasswordLink CredentialKind = "password_link" // mailed, for choosing a password
	CredentialPassword     CredentialKind = "password"      // of who signs in
	CredentialCode         CredentialKind = "code"          // after the password, of an authenticator app or for recovery
	CredentialEntry        CredentialKind = "entry"         // the link that carrel up prints
)

// System returns the caller for what Carrel does by itself in a project.
func System(projectID, requestID, operation string) Caller {
	return Caller{ProjectID: projectID, RequestID: requestID, Actor: Actor{Name: "carrel", Kind: ActorSystem}, Operation: operation}
}
