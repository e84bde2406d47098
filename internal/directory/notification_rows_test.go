package directory_test

import (
	"time"

	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/work"
	"carrel/internal/workspace"
)

func (e *env) addNotifications(records ...directory.Notification) {
	e.Helper()
	e.Update(func(tx *store.Tx) error {
		for _, n := range records {
			if err := directory.PutNotification(e.Context(), tx, n); err != nil {
				return err
			}
		}
		return nil
	})
}

func (e *env) notifications(q directory.NotificationQuery) (records []directory.Notification, total int) {
	e.Helper()
	q.ProjectID = storetest.Project
	if q.Page == (workspace.Page{}) {
		q.Page = storetest.Everything
	}
	e.View(func(tx *store.Tx) (err error) {
		records, total, err = directory.Notifications(e.Context(), tx, q)
		return err
	})
	return records, total
}

func notificationID(n directory.Notification) string { return n.ID }

var notifications = map[string]func(*env){
	"a record of the same message is written anew": func(e *env) {
		n := directory.Notification{ID: "n", ProjectID: storetest.Project, Channel: directory.ByMail, UserName: "ann", Fault: "greylisted", Ended: e.Clock.Now()}
		e.addNotifications(n)
		n.Sent, n.Fault, n.Ended = true, "", e.Clock.Now().Add(time.Minute)
		e.addNotifications(n)
		if got, total := e.notifications(directory.NotificationQuery{}); total != 1 || !got[0].Sent || got[0].Fault != "" || !got[0].Ended.Equal(n.Ended) {
			e.Errorf("read %+v", got)
		}
	},
	"a record is read as inserted": func(e *env) {
		n := directory.Notification{
			ID: "n", ProjectID: storetest.Project, Channel: directory.ByMail, Kind: directory.MailDesktopReady, UserName: "Ann", DesktopName: "PC-1",
			PoolName: "Pool", Fault: "no such mailbox", Ended: e.Clock.Now(),
		}
		e.addNotifications(n)
		got, _ := e.notifications(directory.NotificationQuery{Pools: true})
		e.Same(got, []directory.Notification{n})
	},
	"records are filtered, sorted and paged": func(e *env) {
		now := e.Clock.Now()
		e.addNotifications(
			directory.Notification{ID: "1", ProjectID: storetest.Project, Channel: directory.ByMail, UserName: "Ann", DesktopName: "PC-1", Sent: true, Ended: now},
			directory.Notification{ID: "2", ProjectID: storetest.Project, Channel: directory.ByMail, UserName: "bob", DesktopName: "pc-2", Sent: true, Ended: now.Add(time.Second)},
			directory.Notification{ID: "3", ProjectID: storetest.Project, Channel: directory.BySMS, UserName: "bob", PoolName: "Red", Ended: now},
			directory.Notification{ID: "4", ProjectID: storetest.OtherProject, Channel: directory.ByMail, UserName: "ann", Ended: now},
		)
		for _, c := range []struct {
			query directory.NotificationQuery
			want  []string
		}{
			{directory.NotificationQuery{}, []string{"1", "2"}},
			{directory.NotificationQuery{Descending: true}, []string{"2", "1"}},
			{directory.NotificationQuery{UserName: "AN"}, []string{"1"}},
			{directory.NotificationQuery{DesktopName: "PC-2"}, []string{"2"}},
			{directory.NotificationQuery{Channel: directory.BySMS}, nil},
			{directory.NotificationQuery{Pools: true}, []string{"3"}},
			{directory.NotificationQuery{Pools: true, PoolName: "rED"}, []string{"3"}},
			{directory.NotificationQuery{Pools: true, PoolName: "blue"}, nil},
		} {
			got, total := e.notifications(c.query)
			e.Same(storetest.IDs(got, notificationID), c.want)
			e.Same(total, len(c.want))
		}
		got, total := e.notifications(directory.NotificationQuery{Page: workspace.Page{Offset: 1, Limit: 1}})
		e.Same(storetest.IDs(got, notificationID), []string{"2"})
		e.Same(total, 2)
	},
	"records are removed when they are old, a few at a time": func(e *env) {
		now := e.Clock.Now()
		e.addNotifications(
			directory.Notification{ID: "1", ProjectID: storetest.Project, Ended: now}, directory.Notification{ID: "2", ProjectID: storetest.Project, Ended: now},
			directory.Notification{ID: "3", ProjectID: storetest.Project, Ended: now.Add(time.Microsecond)},
		)
		e.Clock.Advance(directory.NotificationLife)
		for _, want := range []int{2, 1, 1} {
			e.Update(func(tx *store.Tx) error {
				_, err := work.DeleteExpired(e.Context(), tx, work.DefaultRetention, 1)
				return err
			})
			_, total := e.notifications(directory.NotificationQuery{})
			e.Same(total, want)
		}
	},
}
