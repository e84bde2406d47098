package script

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Limits of scripts.
const (
	MaxScripts     = 500      // per project
	MaxName        = 64       // characters
	MaxDescription = 255      // characters
	MaxVersion     = 64       // characters
	MaxContent     = 64 << 10 // bytes
)

// Shell is the only type of scripts and commands that desktops run.
const Shell = "SHELL"

// Script is a script, and also its row.
type Script struct {
	store.BaseModel `bun:"table:scripts,alias:scripts"`
	workspace.Meta
	Type        string
	Description string
	Version     string // in the words of its owner
	Content     string
}

var scripts = store.Table{Name: "scripts", Noun: "script", Field: "name", Missing: workspace.CodeScriptNotFound}

// Check returns what is wrong with a script, or nil.
func (s Script) Check() error {
	if s.Type != Shell {
		return workspace.Unsupported("type", fmt.Sprintf("%q needs Windows, use %s", s.Type, Shell))
	}
	if n := utf8.RuneCountInString(s.Name); n < 1 || n > MaxName || strings.ContainsFunc(s.Name, unicode.IsControl) {
		return workspace.Invalid("name", "use 1 to %d characters, no line breaks", MaxName)
	}
	if n := utf8.RuneCountInString(s.Description); n > MaxDescription {
		return workspace.Invalid("description", "%d characters, at most %d are allowed", n, MaxDescription)
	}
	if n := utf8.RuneCountInString(s.Version); n > MaxVersion {
		return workspace.Invalid("version", "%d characters, at most %d are allowed", n, MaxVersion)
	}
	return checkContent("content", s.Content)
}

func checkContent(field, content string) error {
	if n := len(content); n < 1 || n > MaxContent {
		return workspace.Invalid(field, "%d bytes, use 1 to %d", n, MaxContent)
	}
	return nil
}
