package storetest

import (
	"time"

	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/work"
	"carrel/internal/workspace"
)

func (w *world) addNotifications(records ...directory.Notification) {
	w.Helper()
	w.update(func(tx *store.Tx) error {
		for _, n := range records {
			if err := directory.PutNotification(w.Context(), tx, n); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *world) notifications(q directory.NotificationQuery) (records []directory.Notification, total int) {
	w.Helper()
	q.ProjectID = project
	if q.Page == (workspace.Page{}) {
		q.Page = everything
	}
	w.view(func(tx *store.Tx) (err error) {
		records, total, err = directory.Notifications(w.Context(), tx, q)
		return err
	})
	return records, total
}

func notificationID(n directory.Notification) string { return n.ID }

var notifications = []behaviour{
	{"a record of the same message is written anew", func(w *world) {
		n := directory.Notification{ID: "n", ProjectID: project, Channel: directory.ByMail, UserName: "ann", Fault: "greylisted", Ended: w.clock.Now()}
		w.addNotifications(n)
		n.Sent, n.Fault, n.Ended = true, "", w.clock.Now().Add(time.Minute)
		w.addNotifications(n)
		if got, total := w.notifications(directory.NotificationQuery{}); total != 1 || !got[0].Sent || got[0].Fault != "" || !got[0].Ended.Equal(n.Ended) {
			w.Errorf("read %+v", got)
		}
	}},
	{"a record is read as inserted", func(w *world) {
		n := directory.Notification{
			ID: "n", ProjectID: project, Channel: directory.ByMail, Kind: directory.MailDesktopReady, UserName: "Ann", DesktopName: "PC-1",
			PoolName: "Pool", Fault: "no such mailbox", Ended: w.clock.Now(),
		}
		w.addNotifications(n)
		got, _ := w.notifications(directory.NotificationQuery{Pools: true})
		w.same(got, []directory.Notification{n})
	}},
	{"records are filtered, sorted and paged", func(w *world) {
		now := w.clock.Now()
		w.addNotifications(
			directory.Notification{ID: "1", ProjectID: project, Channel: directory.ByMail, UserName: "Ann", DesktopName: "PC-1", Sent: true, Ended: now},
			directory.Notification{ID: "2", ProjectID: project, Channel: directory.ByMail, UserName: "bob", DesktopName: "pc-2", Sent: true, Ended: now.Add(time.Second)},
			directory.Notification{ID: "3", ProjectID: project, Channel: directory.BySMS, UserName: "bob", PoolName: "Red", Ended: now},
			directory.Notification{ID: "4", ProjectID: otherProject, Channel: directory.ByMail, UserName: "ann", Ended: now},
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
			got, total := w.notifications(c.query)
			w.same(ids(got, notificationID), c.want)
			w.same(total, len(c.want))
		}
		got, total := w.notifications(directory.NotificationQuery{Page: workspace.Page{Offset: 1, Limit: 1}})
		w.same(ids(got, notificationID), []string{"2"})
		w.same(total, 2)
	}},
	{"records are removed when they are old, a few at a time", func(w *world) {
		now := w.clock.Now()
		w.addNotifications(
			directory.Notification{ID: "1", ProjectID: project, Ended: now}, directory.Notification{ID: "2", ProjectID: project, Ended: now},
			directory.Notification{ID: "3", ProjectID: project, Ended: now.Add(time.Microsecond)},
		)
		w.clock.Advance(directory.NotificationLife)
		for _, want := range []int{2, 1, 1} {
			w.update(func(tx *store.Tx) error { return work.DeleteExpired(w.Context(), tx, 1) })
			_, total := w.notifications(directory.NotificationQuery{})
			w.same(total, want)
		}
	}},
}
