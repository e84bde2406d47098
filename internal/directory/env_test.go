package directory_test

import (
	"testing"

	"carrel/internal/desktop/desktoptest"
	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

// env is the fixture of the room's rows, with its service.
type env struct {
	*desktoptest.Env
	service *directory.Service
}

// caller is an administrator of the project.
var caller = workspace.Caller{ProjectID: storetest.Project}

func newEnv(e *storetest.Env) *env {
	e.Update(func(tx *store.Tx) error {
		_, err := tx.OpenSubscription(e.Context(), workspace.Subscription{ID: "s", ProjectID: storetest.Project, Opened: tx.Now()})
		return err
	})
	return &env{desktoptest.NewEnv(e), &directory.Service{Store: e.Store}}
}

// refused checks the code and the message of a refusal.
func (e *env) refused(err error, code workspace.Code, message string) {
	e.Helper()
	if workspace.CodeOf(err) != code || workspace.MessageOf(err) != message {
		e.Errorf("got %v, want %s: %s", err, code, message)
	}
}

func TestRows(t *testing.T) {
	storetest.RunRows(t, newEnv, map[string]map[string]func(*env){
		"Users":         users,
		"Groups":        groups,
		"Units":         units,
		"Mails":         mails,
		"Notifications": notifications,
	})
}
