package enterprise_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"carrel/internal/enterprise"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

const (
	account = "account"
	project = "project"
)

// onBoth runs a test on both databases, with an account and a project.
func onBoth(t *testing.T, f func(t *testing.T, db *store.Store, s *enterprise.Service)) {
	for name, database := range map[string]func(testing.TB) string{"SQLite": storetest.SQLitePath, "PostgreSQL": storetest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			db := storetest.Open(t, database(t), nil)
			err := db.Update(t.Context(), func(tx *store.Tx) error {
				_, err := tx.NewRaw("INSERT INTO accounts (id, name, created) VALUES (?, 'a', ?)", account, tx.Now()).Exec(t.Context())
				if err == nil {
					_, err = tx.NewRaw("INSERT INTO projects (id, account_id, name, description, enabled, created) VALUES (?, ?, 'p', '', TRUE, ?)", project, account, tx.Now()).Exec(t.Context())
				}
				if err == nil {
					err = tx.AddDefaultEnterprise(t.Context(), account)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			f(t, db, &enterprise.Service{Store: db})
		})
	}
}

var caller = workspace.Caller{ProjectID: account, Actor: workspace.Actor{ID: "a", Kind: workspace.ActorAdministrator}}

func wantCode(t *testing.T, err error, want workspace.Code) {
	t.Helper()
	if workspace.CodeOf(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// Of a transaction that puts something into an enterprise project and one that disables it, the later one sees what the earlier one did.
func TestDisablingWaitsForWhatIsPutIn(t *testing.T) {
	onBoth(t, func(t *testing.T, db *store.Store, s *enterprise.Service) {
		p, err := s.Create(t.Context(), caller, enterprise.New{Name: "Labs"})
		if err != nil {
			t.Fatal(err)
		}
		held, release, ended := make(chan struct{}), make(chan struct{}), make(chan error)
		go func() {
			ended <- db.Update(context.WithoutCancel(t.Context()), func(tx *store.Tx) error {
				err := tx.HoldEnterprise(t.Context(), project, p.ID)
				close(held)
				<-release
				return err
			})
		}()
		<-held
		short, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		if err := s.Enable(short, caller, p.ID, false); err == nil || short.Err() == nil {
			t.Errorf("it was disabled while a transaction held it: %v", err)
		}
		close(release)
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := s.Enable(t.Context(), caller, p.ID, false); err != nil {
			t.Error(err)
		}
		err = db.Update(t.Context(), func(tx *store.Tx) error { return tx.HoldEnterprise(t.Context(), project, p.ID) })
		wantCode(t, err, workspace.CodeEnterpriseDisabled)
	})
}

// Whatever a room makes of a request, the transaction of a caller who names an enterprise project holds it, or fails.
func TestATransactionHoldsWhatItsCallerNames(t *testing.T) {
	onBoth(t, func(t *testing.T, db *store.Store, s *enterprise.Service) {
		p, err := s.Create(t.Context(), caller, enterprise.New{Name: "Labs"})
		if err != nil {
			t.Fatal(err)
		}
		did := errors.New("it did")
		for id, want := range map[string]workspace.Code{"": "", "0": "", p.ID: "", "none": workspace.CodeEnterpriseNotFound} {
			naming := workspace.Caller{ProjectID: project, Enterprises: []string{id}}
			err := db.Update(t.Context(), store.By(naming, func(tx *store.Tx) error { return nil }))
			if want == "" && err != nil || want != "" && workspace.CodeOf(err) != want {
				t.Errorf("%q: %v", id, err)
			}
			if err := db.Update(t.Context(), store.By(naming, func(*store.Tx) error { return did })); !errors.Is(err, did) {
				t.Errorf("the room's own error is lost: %v", err)
			}
		}
		if err := s.Enable(t.Context(), caller, p.ID, false); err != nil {
			t.Fatal(err)
		}
		naming := workspace.Caller{ProjectID: project, Enterprises: []string{"0", p.ID}}
		wantCode(t, db.Update(t.Context(), store.By(naming, func(tx *store.Tx) error { return nil })), workspace.CodeEnterpriseDisabled)
		if err := s.Known(t.Context(), project, "0", p.ID, ""); err != nil {
			t.Errorf("a disabled one is known: %v", err)
		}
		wantCode(t, s.Known(t.Context(), "another project", p.ID), workspace.CodeEnterpriseNotFound)
	})
}

func TestNamesAreUniqueAndLimited(t *testing.T) {
	onBoth(t, func(t *testing.T, _ *store.Store, s *enterprise.Service) {
		_, err := s.Create(t.Context(), caller, enterprise.New{Name: "Labs"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Create(t.Context(), caller, enterprise.New{Name: "LABS"})
		wantCode(t, err, workspace.CodeNameTaken)
		_, err = s.Create(t.Context(), caller, enterprise.New{Name: "de fault"})
		wantCode(t, err, workspace.CodeInvalid)
		_, err = s.Create(t.Context(), workspace.Caller{ProjectID: "none"}, enterprise.New{Name: "x"})
		wantCode(t, err, workspace.CodeProjectNotFound)
		found, total, err := s.List(t.Context(), enterprise.Query{AccountID: account, Visible: &workspace.Selection{
			Allow: []workspace.ResourceTests{{{Attribute: workspace.AttributeEnterprise, Patterns: []workspace.TextPattern{{Text: "0"}}}}},
		}, Page: workspace.Page{Limit: 10}})
		if err != nil || total != 1 || found[0].ID != "0" {
			t.Errorf("%v %d %v", found, total, err)
		}
	})
}
