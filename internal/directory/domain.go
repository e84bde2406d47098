package directory

import (
	"strings"

	"carrel/internal/workspace"
)

// BuiltInDomain is the name of the directory that users are in when no other is connected.
const BuiltInDomain = "carrel.local"

// CheckDomain returns why name is not valid as a request's directory, or nil; empty means the built-in one.
func CheckDomain(field, name string) error {
	if name != "" && !strings.EqualFold(name, BuiltInDomain) {
		return workspace.Invalid(field, "%q is unknown, the only directory is %s", name, BuiltInDomain)
	}
	return nil
}
