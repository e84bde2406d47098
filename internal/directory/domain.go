package directory

import (
	"strings"

	"carrel/internal/workspace"
)

// BuiltInDomain is the name of the directory that holds people when no other is connected.
const BuiltInDomain = "carrel.local"

// CheckDomain says why name cannot be a request's directory, or nil; empty is the built-in one.
func CheckDomain(field, name string) error {
	if name != "" && !strings.EqualFold(name, BuiltInDomain) {
		return workspace.Invalid(field, "%q is unknown, the only directory is %s", name, BuiltInDomain)
	}
	return nil
}
