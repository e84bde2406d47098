package api

import (
	"slices"
	"strings"
)

// fixedWords are the words that paths of the Workspace API have in place of an id, by the collection before them. They include
// operations that Carrel lacks: such a path does not mean a desktop called "tags".
var fixedWords = map[string][]string{
	"desktops": {
		"action", "agents", "attach", "batch-attach", "batch-delete", "batch-detach", "batch-tags", "change-user-privilege-group",
		"change-username", "check-images", "desktop-to-image", "detach", "detail", "logoff", "maintenance-mode", "networks",
		"notifications", "orders", "pre-batch-attach", "rebuild", "resize", "resource-instances", "resource_instances", "sids",
		"statistics", "tags",
	},
	"desktop-pools":         {"script-execution-tasks", "statistics"},
	"desktop-name-policies": {"batch-delete"},
	"export-tasks":          {"batch-delete"},
	"groups":                {"batch-delete", "export"},
	"users":                 {"batch-create", "batch-delete", "desktop-users", "notification-records", "template"},
}

// hasWordForID reports whether a path has a fixed word where the pattern that it matches has an id.
func hasWordForID(pattern, path string) bool {
	_, pattern, _ = strings.Cut(pattern, " ")
	wants, has := strings.Split(pattern, "/"), strings.Split(path, "/")
	for i := 1; i < min(len(wants), len(has)); i++ {
		if strings.HasPrefix(wants[i], "{") && slices.Contains(fixedWords[wants[i-1]], has[i]) {
			return true
		}
	}
	return false
}
