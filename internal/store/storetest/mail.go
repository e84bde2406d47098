package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"carrel/internal/directory"
	"carrel/internal/store"
)

func mailID(m directory.Mail) string { return m.ID }

func (w *world) claimMails(limit int) []directory.Mail {
	w.Helper()
	return do(w, func(ctx context.Context, tx *store.Tx) ([]directory.Mail, error) {
		return directory.ClaimMails(ctx, tx, limit, time.Minute)
	})
}

func (w *world) addMails(n int) (mails []directory.Mail) {
	w.Helper()
	for i := range n {
		created := w.clock.Now().Add(time.Duration(i-n) * time.Second)
		mails = append(mails, directory.Mail{ID: fmt.Sprintf("m%02d", i), Kind: directory.MailDesktopReady, ProjectID: project, UserID: "u", UserName: "ann", To: "u@example.com",
			Data: json.RawMessage(`{"desktop_name":"it's"}`), RunAt: created, Created: created})
	}
	w.update(func(tx *store.Tx) error { return directory.InsertMails(w.Context(), tx, mails) })
	return mails
}

var mails = []behaviour{
	{"a mail is claimed as inserted, the oldest first, and held", func(w *world) {
		want := w.addMails(3)
		got := w.claimMails(2)
		for i := range got {
			want[i].RunAt = w.clock.Now().Add(time.Minute)
		}
		w.same(got, want[:2])
		w.same(ids(w.claimMails(5), mailID), []string{"m02"})
		w.same(len(w.claimMails(5)), 0)
		w.clock.Advance(time.Minute)
		w.same(len(w.claimMails(5)), 3)
	}},
	{"a mail without data is claimed", func(w *world) {
		w.update(func(tx *store.Tx) error {
			return directory.InsertMails(w.Context(), tx, []directory.Mail{{ID: "m", RunAt: w.clock.Now(), Created: w.clock.Now()}})
		})
		w.same(len(w.claimMails(1)[0].Data), 0)
	}},
	{"8 replicas at once never get one mail twice", func(w *world) {
		w.addMails(60)
		var mu sync.Mutex
		times := map[string]int{}
		w.all(together(8, func(int) error {
			for {
				var got []directory.Mail
				err := w.store.Update(w.Context(), func(tx *store.Tx) (err error) {
					got, err = directory.ClaimMails(w.Context(), tx, 4, time.Minute)
					return err
				})
				if err != nil || len(got) == 0 {
					return err
				}
				mu.Lock()
				for _, m := range got {
					times[m.ID]++
				}
				mu.Unlock()
			}
		}))
		for _, m := range w.claimMails(60) {
			times[m.ID]++
		}
		w.same(len(times), 60)
		for id, n := range times {
			if n != 1 {
				w.Errorf("%s was given out %d times", id, n)
			}
		}
	}},
	{"a mail that could not be sent is tried again at its time, and says why", func(w *world) {
		w.addMails(1)
		w.claimMails(1)
		w.update(func(tx *store.Tx) error {
			return directory.PostponeMail(w.Context(), tx, "m00", "the server is down", w.clock.Now().Add(time.Hour))
		})
		w.clock.Advance(time.Hour - time.Microsecond)
		w.same(len(w.claimMails(1)), 0)
		w.clock.Advance(time.Microsecond)
		m := w.claimMails(1)[0]
		w.same([]any{m.Tries, m.LastFault}, []any{1, "the server is down"})
	}},
	{"a mail that was sent is gone, and may be deleted again", func(w *world) {
		w.addMails(1)
		for range 2 {
			w.update(func(tx *store.Tx) error { return directory.DeleteMail(w.Context(), tx, "m00") })
		}
		w.same(len(w.claimMails(1)), 0)
	}},
}
