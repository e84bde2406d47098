package mail_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"carrel/internal/directory"
	"carrel/internal/mail"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// outbox is a store with mails in it, and a clock that can be put forward.
type outbox struct {
	*store.Store
	path   string
	ahead  *atomic.Int64 // nanoseconds
	people int
}

func newOutbox(t *testing.T) *outbox {
	t.Helper()
	return openOutbox(t, storetest.SQLitePath(t))
}

func openOutbox(t *testing.T, path string) *outbox {
	t.Helper()
	o := &outbox{path: path, ahead: new(atomic.Int64)}
	var err error
	o.Store, err = store.Open(t.Context(), path,
		store.WithClock(func() time.Time { return time.Now().Add(time.Duration(o.ahead.Load())) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.Close() })
	return o
}

func (o *outbox) update(t *testing.T, f func(tx *store.Tx) error) {
	t.Helper()
	if err := o.Update(context.Background(), f); err != nil {
		t.Fatal(err)
	}
}

// person adds a user; change may alter it first.
func (o *outbox) person(t *testing.T, change func(*directory.User)) directory.User {
	t.Helper()
	o.people++
	name := fmt.Sprintf("user%d", o.people)
	u := directory.User{
		ID: workspace.NewID(), ProjectID: "project", Name: name, Email: name + "@example.org",
		Activation: directory.ActivateByUser, EnterpriseID: "0", Created: time.Now(), Updated: time.Now(),
	}
	if change != nil {
		change(&u)
	}
	o.update(t, func(tx *store.Tx) error { return directory.InsertUsers(t.Context(), tx, []directory.User{u}) })
	return u
}

// put writes a mail as the domain does.
func (o *outbox) put(t *testing.T, kind directory.MailKind, u directory.User, desktop string) string {
	t.Helper()
	data, err := json.Marshal(directory.DesktopMailData{DesktopName: desktop})
	if err != nil {
		t.Fatal(err)
	}
	m := directory.Mail{ID: workspace.NewID(), Kind: kind, ProjectID: u.ProjectID, UserID: u.ID, UserName: u.Name, To: u.Email, Data: data}
	o.update(t, func(tx *store.Tx) error {
		m.RunAt, m.Created = tx.Now(), tx.Now()
		return directory.InsertMails(t.Context(), tx, []directory.Mail{m})
	})
	return m.ID
}

// told returns the records of mails that were sent or given up.
func (o *outbox) told(t *testing.T) (records []directory.Notification) {
	t.Helper()
	o.update(t, func(tx *store.Tx) (err error) {
		records, _, err = directory.Notifications(t.Context(), tx, directory.NotificationQuery{ProjectID: "project", Page: workspace.Page{Limit: 1000}})
		return err
	})
	return records
}

// rest returns what is left in the outbox, due or not. Senders will not find it due for long after that.
func (o *outbox) rest(t *testing.T) (mails []directory.Mail) {
	t.Helper()
	back := o.ahead.Swap(int64(1000 * time.Hour))
	defer o.ahead.Store(back)
	o.update(t, func(tx *store.Tx) (err error) {
		mails, err = directory.ClaimMails(t.Context(), tx, 1000, 0)
		return err
	})
	return mails
}

// worker is a sender with what it tells.
type worker struct {
	*mail.Sender
	log     *record
	metrics *prometheus.Registry
}

func newWorker(t *testing.T, s store.Transactions, c mail.Config) worker {
	t.Helper()
	if c.BaseURL == "" {
		c.BaseURL = "https://desktops.example.org"
	}
	w := worker{log: new(record), metrics: prometheus.NewRegistry()}
	var err error
	w.Sender, err = mail.NewSender(s, c, w.metrics, slog.New(slog.NewJSONHandler(w.log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// start starts a sender that is stopped at the end of the test.
func start(t *testing.T, s store.Transactions, c mail.Config) worker {
	t.Helper()
	w := newWorker(t, s, c)
	if err := w.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.finish)
	return w
}

// finish lets the mail under way end and stops the sender.
func (w worker) finish() { w.Stop(context.Background()) }

// kill stops the sender as hard as can be done short of the process.
func (w worker) kill() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	w.Stop(ctx)
}

// count returns a counter over all kinds of mail.
func (w worker) count(t *testing.T, name string) (sum float64) {
	t.Helper()
	families, err := w.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == name {
			for _, m := range family.GetMetric() {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return sum
}

// record is a log that can be read while it is written.
type record struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}
