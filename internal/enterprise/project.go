package enterprise

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Limits of enterprise projects.
const (
	MaxProjects    = 100 // of an account, besides the default one
	MaxName        = 64  // characters
	MaxDescription = 512 // characters
)

// Type says what an enterprise project is for. It has no other effect.
type Type string

// The types.
const (
	Production Type = "prod"
	Trial      Type = "poc"
)

// Project is an enterprise project.
type Project struct {
	store.BaseModel `bun:"table:enterprise_projects,alias:e"`
	AccountID       string `bun:",pk" audit:"-"`
	ID              string `bun:",pk"`
	Name            string // unique in the account, ignoring case
	NameFolded      string // set when it is written
	Description     string
	Type            Type
	Enabled         bool // otherwise it takes nothing new
	Created         time.Time
	Updated         time.Time
}

// ResourceProject is the type of enterprise projects in audit records.
const ResourceProject workspace.ResourceType = "enterprise_project"

func (p *Project) resource() workspace.Resource {
	return workspace.Resource{Type: ResourceProject, ID: p.ID, Name: p.Name}
}

// Check validates a project on its own. CodeInvalid.
func (p *Project) Check() error {
	switch n := utf8.RuneCountInString(p.Name); {
	case n == 0 || n > MaxName:
		return workspace.Invalid("name", "%d characters, use 1 to %d", n, MaxName)
	case strings.EqualFold(p.Name, "default"):
		return workspace.Invalid("name", "%q is the name of the default enterprise project, choose another", p.Name)
	}
	for _, r := range p.Name {
		if !workspace.IsASCIILetter(r) && !workspace.IsDigit(r) && r != '_' && r != '-' && !unicode.Is(unicode.Han, r) {
			return workspace.Invalid("name", "%q is not allowed in %q: use Chinese and English letters, digits, underscores and hyphens", r, p.Name)
		}
	}
	if n := utf8.RuneCountInString(p.Description); n > MaxDescription {
		return workspace.Invalid("description", "%d characters, at most %d are allowed", n, MaxDescription)
	}
	if p.Type != Production && p.Type != Trial {
		return workspace.Invalid("type", "%q is unknown, use %s or %s", p.Type, Production, Trial)
	}
	return nil
}

// mayChange refuses changes of the default project. CodeConflict.
func (p *Project) mayChange() error {
	if p.ID == workspace.DefaultEnterprise {
		return workspace.Errorf(workspace.CodeConflict, "the default enterprise project cannot be changed, enabled or disabled")
	}
	return nil
}
