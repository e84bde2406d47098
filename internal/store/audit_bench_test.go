package store_test

import (
	"fmt"
	"testing"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// BenchmarkAuditRecords is what a request about 100 resources adds to its transaction.
func BenchmarkAuditRecords(b *testing.B) {
	databases(b, func(b *testing.B, s store.Transactions) {
		c := admin("ann")
		for b.Loop() {
			must(b, s.Update(b.Context(), store.By(c, func(tx *store.Tx) error {
				for i := range 100 {
					tx.Audit(workspace.Resource{Type: workspace.ResourceDesktop, ID: workspace.NewID(), Name: fmt.Sprint("PC-", i)}, "job")
				}
				return nil
			})))
		}
	})
}
