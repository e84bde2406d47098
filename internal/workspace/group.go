package workspace

import (
	"slices"
)

// DeleteEach deletes by ids, in one order for all callers. Those of which there is none are left out, since their deletion is a success
// already; if none is left it fails with the code missing.
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
