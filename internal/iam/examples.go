package iam

// Examples has request bodies by operation, for the description. A text such as $USER_ID stands for what only the reader knows. The example of
// any other operation is what its body requires.
var Examples = map[string]string{
	"KeystoneCreateUserTokenByPassword": `{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"$USER_NAME","password":"$PASSWORD","domain":{"name":"$ACCOUNT"}}}},"scope":{"project":{"id":"$PROJECT_ID"}}}}`,
	"AssumeAgency":                      `{"agency_urn":"iam::$DOMAIN_ID:agency:$AGENCY_NAME","agency_session_name":"night-shift","duration_seconds":3600}`,
	"DecodeAuthorizationMessage":        `{"encoded_message":"$ENCODED_MESSAGE"}`,
	"KeystoneCreateProject":             `{"project":{"name":"library","description":"For the library"}}`,
	"KeystoneUpdateProject":             `{"project":{"description":"For the library"}}`,
	"KeystoneCreateUser":                `{"user":{"name":"night-shift","description":"Stops desktops at night","enabled":true}}`,
	"KeystoneUpdateUserByAdmin":         `{"user":{"description":"Stops desktops at night"}}`,
	"KeystoneUpdateUserPassword":        `{"user":{"original_password":"$PASSWORD","password":"$NEW_PASSWORD"}}`,
	"KeystoneCreateGroup":               `{"group":{"name":"operators","description":"Who looks after the desktops"}}`,
	"KeystoneUpdateGroup":               `{"group":{"description":"Who looks after the desktops"}}`,
	"CreateTemporaryAccessKeyByToken":   `{"auth":{"identity":{"methods":["token"],"token":{"duration_seconds":3600}}}}`,
	"CreatePermanentAccessKey":          `{"credential":{"user_id":"$USER_ID","description":"Of the nightly script"}}`,
	"UpdatePermanentAccessKey":          `{"credential":{"status":"inactive"}}`,
	"CreateMfaDevice":                   `{"virtual_mfa_device":{"name":"telephone","user_id":"$USER_ID"}}`,
	"CreateCloudServiceCustomPolicy":    `{"role":{"display_name":"starts-desktops","type":"XA","description":"May start and stop desktops","policy":{"Version":"1.1","Statement":[{"Effect":"Allow","Action":["workspace:desktops:list","workspace:desktops:operate"]}]}}}`,
	"UpdateCloudServiceCustomPolicy":    `{"role":{"description":"May start and stop desktops"}}`,
}

// Requirement is what an operation requires of its caller.
type Requirement struct {
	Action string
	Access Permission // of the action
	Own    bool       // not for what is the caller's own
}

// PermissionOf returns what an operation of the identity API requires; false if nothing, or if there is no such operation.
func PermissionOf(id string) (Requirement, bool) {
	for _, e := range (*Service)(nil).routes() {
		if e.id == id && e.action != "" {
			return Requirement{e.action, e.kind, e.own}, true
		}
	}
	return Requirement{}, false
}
