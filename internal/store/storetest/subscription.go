package storetest

import (
	"carrel/internal/store"
	"carrel/internal/workspace"
)

var subscriptions = map[string]func(*Env){
	"a project without the service is told to open it": func(e *Env) {
		e.Refuses(workspace.CodeNotSubscribed, func(tx *store.Tx) error {
			_, err := tx.Subscription(e.Context(), Project)
			return err
		})
	},
	"a subscription stays as it was opened first": func(e *Env) {
		want := workspace.Subscription{ID: "s-1", ProjectID: Project, VPCID: "vpc-1", Opened: e.Clock.Now(), Status: workspace.ServiceOpen}
		for _, n := range []string{"1", "2"} {
			opened := workspace.Subscription{ID: "s-" + n, ProjectID: Project, VPCID: "vpc-" + n, Opened: e.Clock.Now()}
			e.Update(func(tx *store.Tx) error {
				got, err := tx.OpenSubscription(e.Context(), opened)
				e.Same(got, want)
				return err
			})
			e.View(func(tx *store.Tx) error {
				got, err := tx.Subscription(e.Context(), Project)
				e.Same(got, want)
				return err
			})
		}
	},
}
