package workspace

// UserGroup is the privilege of a user inside a desktop.
type UserGroup string

// The privilege groups: the first two are Linux's, the others Windows'.
const (
	GroupSudo           UserGroup = "sudo"
	GroupDefault        UserGroup = "default"
	GroupAdministrators UserGroup = "administrators"
	GroupUsers          UserGroup = "users"
)

// Admin reports whether the group may administer the desktop.
func (g UserGroup) Admin() bool { return g == GroupSudo || g == GroupAdministrators }
