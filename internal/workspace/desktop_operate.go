package workspace

import (
	"fmt"
)

// MaxOperated is how many desktops one request may operate or delete.
const MaxOperated = 100

func CheckIDs(field string, ids []string) error { return CheckIDsUpTo(MaxOperated, field, ids) }

func CheckIDsUpTo(limit int, field string, ids []string) error {
	if len(ids) == 0 || len(ids) > limit {
		return Invalid(field, "%d ids, give 1 to %d", len(ids), limit)
	}
	seen := make(map[string]bool, len(ids))
	for i, id := range ids {
		if id == "" || len(id) > 64 {
			return Invalid(fmt.Sprintf("%s[%d]", field, i), "must be an id of 1 to 64 characters")
		}
		if seen[id] {
			return Invalid(fmt.Sprintf("%s[%d]", field, i), "%s is there twice", id)
		}
		seen[id] = true
	}
	return nil
}
