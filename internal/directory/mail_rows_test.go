package directory_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
)

func mailID(m directory.Mail) string { return m.ID }

func (e *env) claimMails(limit int) []directory.Mail {
	e.Helper()
	return storetest.Do(e, func(ctx context.Context, tx *store.Tx) ([]directory.Mail, error) {
		return directory.ClaimMails(ctx, tx, limit, time.Minute)
	})
}

func (e *env) addMails(n int) (mails []directory.Mail) {
	e.Helper()
	for i := range n {
		created := e.Clock.Now().Add(time.Duration(i-n) * time.Second)
		mails = append(mails, directory.Mail{ID: fmt.Sprintf("m%02d", i), Kind: directory.MailDesktopReady, ProjectID: storetest.Project, UserID: "u", UserName: "ann", To: "u@example.com",
			Data: json.RawMessage(`{"desktop_name":"it's"}`), RunAt: created, Created: created})
	}
	e.Update(func(tx *store.Tx) error { return directory.InsertMails(e.Context(), tx, mails) })
	return mails
}

var mails = map[string]func(*env){
	"a mail is claimed as inserted, the oldest first, and held": func(e *env) {
		want := e.addMails(3)
		got := e.claimMails(2)
		for i := range got {
			want[i].RunAt = e.Clock.Now().Add(time.Minute)
		}
		e.Same(got, want[:2])
		e.Same(storetest.IDs(e.claimMails(5), mailID), []string{"m02"})
		e.Same(len(e.claimMails(5)), 0)
		e.Clock.Advance(time.Minute)
		e.Same(len(e.claimMails(5)), 3)
	},
	"a mail without data is claimed": func(e *env) {
		e.Update(func(tx *store.Tx) error {
			return directory.InsertMails(e.Context(), tx, []directory.Mail{{ID: "m", RunAt: e.Clock.Now(), Created: e.Clock.Now()}})
		})
		e.Same(len(e.claimMails(1)[0].Data), 0)
	},
	"8 replicas at once never get one mail twice": func(e *env) {
		e.addMails(60)
		var mu sync.Mutex
		times := map[string]int{}
		e.All(storetest.Together(8, func(int) error {
			for {
				var got []directory.Mail
				err := e.Store.Update(e.Context(), func(tx *store.Tx) (err error) {
					got, err = directory.ClaimMails(e.Context(), tx, 4, time.Minute)
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
		for _, m := range e.claimMails(60) {
			times[m.ID]++
		}
		e.Same(len(times), 60)
		for id, n := range times {
			if n != 1 {
				e.Errorf("%s was given out %d times", id, n)
			}
		}
	},
	"a mail that could not be sent is tried again at its time, and says why": func(e *env) {
		e.addMails(1)
		e.claimMails(1)
		e.Update(func(tx *store.Tx) error {
			return directory.PostponeMail(e.Context(), tx, "m00", "the server is down", e.Clock.Now().Add(time.Hour))
		})
		e.Clock.Advance(time.Hour - time.Microsecond)
		e.Same(len(e.claimMails(1)), 0)
		e.Clock.Advance(time.Microsecond)
		m := e.claimMails(1)[0]
		e.Same([]any{m.Tries, m.LastFault}, []any{1, "the server is down"})
	},
	"a mail that was sent is gone, and may be deleted again": func(e *env) {
		e.addMails(1)
		for range 2 {
			e.Update(func(tx *store.Tx) error { return directory.DeleteMail(e.Context(), tx, "m00") })
		}
		e.Same(len(e.claimMails(1)), 0)
	},
}
