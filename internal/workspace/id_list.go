package workspace

import (
	"fmt"
	"slices"
)

// MaxIDs is how many desktops one request may name by id.
const MaxIDs = 100

func CheckIDs(field string, ids []string) error { return CheckIDsUpTo(MaxIDs, field, ids) }

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
			return Invalid(fmt.Sprintf("%s[%d]", field, i), "%s is listed twice", id)
		}
		seen[id] = true
	}
	return nil
}

// DeleteEach calls remove for each id, in the same order for all callers. Unknown ids are ignored, since deleting them is a
// success; if all are unknown, it fails with the code missing.
func DeleteEach(field string, ids []string, missing Code, remove func(id string) error) error {
	found := 0
	for _, id := range slices.Sorted(slices.Values(ids)) {
		err := remove(id)
		if CodeOf(err) == missing {
			continue
		}
		if err != nil {
			return err
		}
		found++
	}
	if found == 0 {
		return Errorf(missing, "%s: %q does not exist", field, ids[0])
	}
	return nil
}
