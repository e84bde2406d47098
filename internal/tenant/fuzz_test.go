package tenant_test

import (
	"strings"
	"testing"

	"carrel/internal/store"
	"carrel/internal/tenant"
)

// FuzzEnterpriseID: an enterprise id can stand before a backslash in a sign-in, and is one whatever its case.
func FuzzEnterpriseID(f *testing.F) {
	for _, id := range []string{"acme", "A-1_b", "", "-a", "_a", "a b", `a\b`, "ä", "İ", "K", strings.Repeat("a", 32), strings.Repeat("a", 33), "a\n", "\xff"} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		err := tenant.CheckEnterpriseID(id)
		if chosen := tenant.EnterpriseOf(id); (chosen == id) != (err == nil) && id != "" {
			t.Errorf("a project called %q gets the id %q: %v", id, chosen, err)
		}
		if err != nil {
			return
		}
		if len(id) == 0 || len(id) > 32 || strings.Trim(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != "" || strings.ContainsAny(id[:1], "_-") {
			t.Errorf("%q is accepted", id)
		}
		for _, other := range []string{strings.ToUpper(id), strings.ToLower(id)} {
			if store.Fold(other) != store.Fold(id) || tenant.CheckEnterpriseID(other) != nil {
				t.Errorf("%q and %q are not the same id", id, other)
			}
		}
	})
}
