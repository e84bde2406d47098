// Package workspacetest is for tests of rooms.
package workspacetest

import (
	"strings"
	"testing"

	"carrel/internal/workspace"
)

// Refused checks that err has a code and a message with all parts.
func Refused(t *testing.T, err error, code workspace.Code, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("accepted, want a refusal that says %q", parts)
	}
	if got := workspace.CodeOf(err); got != code {
		t.Errorf("code %s, want %s (%v)", got, code, err)
	}
	for _, part := range parts {
		if !strings.Contains(workspace.MessageOf(err), part) {
			t.Errorf("message %q does not say %q", workspace.MessageOf(err), part)
		}
	}
}
