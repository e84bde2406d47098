package tenant

import (
	"context"
	"strings"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Setting is a setting of a project's service, which is on or off.
type Setting struct {
	Name string
	On   bool
}

// settings are the settings, by name, with how a subscription has them. All are on by default.
var settings = []struct {
	name string
	get  func(workspace.Subscription) bool
	set  func(*workspace.Subscription, bool)
}{
	// Whether a user who does not exist is created when a desktop is ordered for them or assigned to them.
	{
		"create_unknown_users", func(s workspace.Subscription) bool { return !s.KnownUsersOnly },
		func(s *workspace.Subscription, on bool) { s.KnownUsersOnly = !on },
	},
	// Whether scripts and commands may run in desktops.
	{
		"run_scripts", func(s workspace.Subscription) bool { return !s.NoScripts },
		func(s *workspace.Subscription, on bool) { s.NoScripts = !on },
	},
}

func settingNames() string {
	names := make([]string, len(settings))
	for i, s := range settings {
		names[i] = s.name
	}
	return strings.Join(names, ", ")
}

// Settings reads the settings of a project's service, or the one of a name: none if there is none of it.
func (s *Service) Settings(ctx context.Context, projectID, name string) ([]Setting, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) ([]Setting, error) {
		now, err := tx.Subscription(ctx, projectID)
		if err = gone(err); err != nil {
			return nil, err
		}
		all := []Setting{}
		for _, setting := range settings {
			if name == "" || name == setting.name {
				all = append(all, Setting{setting.name, setting.get(now)})
			}
		}
		return all, nil
	})
}

// Set switches a setting of an open service. It holds for every request that begins afterwards, in every process. CodeUnsupported for a name that is no
// setting; errors as store.RequireSubscription.
func (s *Service) Set(ctx context.Context, c workspace.Caller, change Setting) error {
	for _, setting := range settings {
		if setting.name != change.Name {
			continue
		}
		return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
			now, err := tx.LockSubscription(ctx, c.ProjectID)
			if err != nil {
				return err
			}
			setting.set(&now, change.On)
			return tx.SaveSubscription(ctx, now)
		}))
	}
	return workspace.Unsupported("function_config.name", "there is no setting \""+workspace.Clip(change.Name, 64)+"\" here; there are "+settingNames())
}
