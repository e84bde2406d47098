package directory_test

import (
	"testing"

	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

// caller is an administrator of a project whose service is open.
var caller = workspace.Caller{ProjectID: "project"}

// onDatabases runs a test of the room's service on an empty database of each kind.
func onDatabases(t *testing.T, test func(*testing.T, *directory.Service, *storetest.Clock)) {
	for name, address := range map[string]func(testing.TB) string{"SQLite": storetest.SQLitePath, "PostgreSQL": storetest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			clock := storetest.NewClock()
			s := storetest.Open(t, address(t), clock.Now)
			update(t, s, func(tx *store.Tx) error {
				_, err := tx.OpenSubscription(t.Context(), workspace.Subscription{ID: "s", ProjectID: caller.ProjectID, VPCID: "v", Opened: tx.Now()})
				return err
			})
			test(t, &directory.Service{Store: s}, clock)
		})
	}
}

// update runs f in a transaction that must succeed.
func update(t *testing.T, s store.Transactions, f func(*store.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

// refused checks the code and the message of a refusal.
func refused(t *testing.T, err error, code workspace.Code, message string) {
	t.Helper()
	if workspace.CodeOf(err) != code || workspace.MessageOf(err) != message {
		t.Errorf("got %v, want %s: %s", err, code, message)
	}
}
