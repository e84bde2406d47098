package policy

import (
	"embed"
	"fmt"
	"slices"
	"strings"
)

// Role is a policy that every account has and nobody changes.
type Role struct {
	ID          string // also the name
	DisplayName string
	Description string
	Document    string
}

// The ids of the built-in roles that the program itself attaches.
const (
	Administrator = "admin"
	ReadOnly      = "reader"
)

//go:embed roles
var roles embed.FS

// Roles are the built-in roles, in the order of what they may do.
var Roles = []Role{
	{ID: Administrator, DisplayName: "Administrator", Description: "Everything"},
	{ID: "operator", DisplayName: "Operator", Description: "Everything with desktops, pools, users and scripts; no accounts of administrators, no audit records"},
	{ID: "help_desk", DisplayName: "Help desk", Description: "Looks at everything, starts and assigns desktops, unlocks users and resets their passwords"},
	{ID: ReadOnly, DisplayName: "Read-only", Description: "Looks at everything but the output of scripts"},
	{ID: "auditor", DisplayName: "Auditor", Description: "Reads audit records, policies and why requests were refused; no output of scripts"},
}

var compiled = compileRoles()

func compileRoles() map[string]*Policy {
	all := map[string]*Policy{}
	for i := range Roles {
		r := &Roles[i]
		text, err := roles.ReadFile("roles/" + r.ID + ".json")
		if err == nil {
			r.Document = strings.TrimSpace(string(text))
			all[r.ID], err = Parse(r.ID, r.Document)
		}
		if err != nil {
			panic(fmt.Sprintf("the built-in role %s: %v", r.ID, err)) // it is part of the program
		}
	}
	return all
}

// BuiltIn returns the built-in role with an id.
func BuiltIn(id string) (*Policy, bool) {
	p, is := compiled[id]
	return p, is
}

// RoleNamed returns the description of the built-in role with an id.
func RoleNamed(id string) (Role, bool) {
	if i := slices.IndexFunc(Roles, func(r Role) bool { return r.ID == id }); i >= 0 {
		return Roles[i], true
	}
	return Role{}, false
}
