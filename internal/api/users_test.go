package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"carrel/internal/core"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/signin"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

const goodPassword = "Some-thing-1"

// admitted adds a person who can sign in, and returns their id.
func (e *env) admitted(name string) string {
	e.Helper()
	return e.ok(e.post("/users", object{
		"user_name": name, "user_email": name + "@example.org", "active_type": "ADMIN_ACTIVATE", "password": goodPassword,
		"next_login_change_password": false,
	})).text("id")
}

func (e *env) mails() []directory.Mail {
	e.Helper()
	var mails []directory.Mail
	e.update(func(tx *store.Tx) (err error) {
		mails, err = directory.ClaimMails(e.Context(), tx, 100, 0)
		return err
	})
	return mails
}

func TestABatchOfPeopleGoesInWholeOrNotAtAll(t *testing.T) {
	e := newEnv(t)
	e.admitted("ann")
	a := e.post("/users/batch-create", object{"users": []object{
		{"user_name": "bob", "user_email": "bob@example.org"},
		{"user_name": "Ann", "user_email": "ann@example.org"},
		{"user_name": "carl", "active_type": "ADMIN_ACTIVATE", "password": goodPassword, "account_expires": "soon"},
		{"user_name": "BOB", "user_email": "bob@example.org"},
	}})
	e.refused(a, http.StatusBadRequest, workspace.CodeInvalid, `users[2].account_expires: "soon"`)
	if d := a.text("error_detail"); !strings.Contains(d, "users[3].user_name") {
		t.Errorf("the detail does not name every bad person: %q", d)
	}
	a = e.post("/users/batch-create", object{"users": []object{{"user_name": "bob", "user_email": "bob@example.org"}, {"user_name": "Ann", "user_email": "a@example.org"}}})
	e.refused(a, http.StatusConflict, workspace.CodeNameTaken, `users[1].user_name: "Ann" is in use`)
	if n := e.ok(e.get("/users")).number("total_count"); n != 1 {
		t.Errorf("%d people after refusals, want 1", n)
	}
	e.refused(e.post("/users/batch-create", object{"users": []object{}}), 400, workspace.CodeInvalid, "users: 0 users, list 1 to 200")
	e.refused(e.post("/users/batch-create", object{"users": people(201)}), 400, workspace.CodeInvalid, "users: 201 users, list 1 to 200")

	a = e.ok(e.post("/users/batch-create", object{"users": []object{
		{"user_name": "bob", "user_email": "bob@example.org"}, {"user_name": "carl", "active_type": "ADMIN_ACTIVATE", "password": goodPassword},
	}}))
	if n := e.ok(e.get("/users")).number("total_count"); n != 3 || a.raw != "" {
		t.Errorf("%d people, answered %q", n, a.raw)
	}
	if m := e.mails(); len(m) != 1 || m[0].To != "bob@example.org" || m[0].Kind != directory.MailFirstPassword {
		t.Errorf("mails: %+v", m)
	}
}

func TestAPersonIsChanged(t *testing.T) {
	e := newEnv(t)
	id := e.admitted("ann")
	a := e.ok(e.do("PUT", e.path("/users/"+id), object{
		"description": "downstairs", "user_email": "ann@example.com", "user_phone": "2", "account_expires": "2100-01-31T12:00:00Z",
		"enable_change_password": false, "next_login_change_password": true, "password_never_expired": true,
	}))
	if a.text("id") != id {
		t.Errorf("answered %s", a.raw)
	}
	a = e.ok(e.get("/users/" + id))
	for field, want := range map[string]any{
		"description": "downstairs", "user_email": "ann@example.com", "user_phone": "2", "account_expires": 4105080000000.0,
		"enable_change_password": false, "next_login_change_password": true, "password_never_expired": true, "disabled": false,
		"active_type": "ADMIN_ACTIVATE", "user_name": "ann",
	} {
		if got := a.at("user_detail", field); got != want {
			t.Errorf("%s is %v, want %v", field, got, want)
		}
	}
	for message, body := range map[string]object{
		"description: at most 255": {"description": strings.Repeat("x", 256)},
		"account_expires":          {"account_expires": "soon"},
		"active_type":              {"active_type": "SELF"},
		"user_email":               {"user_email": "ann"},
	} {
		e.refused(e.do("PUT", e.path("/users/"+id), body), 400, workspace.CodeInvalid, message)
	}
	e.refused(e.do("PUT", e.path("/users/"+id), object{"user_info_map": "x"}), 400, workspace.CodeUnsupported, "user_info_map")
	e.refused(e.do("PUT", e.path("/users/x"), object{}), 400, workspace.CodeUserNotFound, "")
}

func TestSomebodyWhoGetsAMailAddressIsInvited(t *testing.T) {
	e := newEnv(t)
	e.create(object{"desktops": desktopsFor("ann")})
	id := e.ok(e.get("/users")).text("users", 0, "id")
	if n := len(e.mails()); n != 0 {
		t.Fatalf("%d mails to nowhere", n)
	}
	for range 2 {
		e.ok(e.do("PUT", e.path("/users/"+id), object{"user_email": "ann@example.org"}))
	}
	if m := e.mails(); len(m) != 1 || m[0].Kind != directory.MailFirstPassword {
		t.Errorf("mails: %+v", m)
	}
}

// session signs a person in, opens their desktop, and returns what checks both.
func (e *env) session(name, userID string) (signedIn func() error, ended func() error) {
	e.Helper()
	s := core.NewServices(core.Config{Store: e.store, Passwords: e.iam.Passwords})
	in, err := s.SignIn.SignIn(e.Context(), name, goodPassword)
	if err != nil {
		e.Fatal(err)
	}
	id := e.create(object{"desktops": desktopsFor(name)})[0]
	e.settle(id)
	v, err := s.SignIn.SignedIn(e.Context(), in.Token)
	if err != nil {
		e.Fatal(err)
	}
	c := desktop.Connection{ID: "c-" + name, DesktopID: id, UserID: userID, SignInHash: v.SignInHash, Gateway: "g", LeaseUntil: time.Now().Add(time.Hour)}
	e.update(func(tx *store.Tx) error { return desktop.InsertConnection(e.Context(), tx, c) })
	signedIn = func() error { _, err := s.SignIn.SignedIn(e.Context(), in.Token); return err }
	ended = func() error {
		found, err := s.Connections.CheckConnections(e.Context(), "g", []string{c.ID})
		if err != nil || len(found) == 0 {
			return err
		}
		return found[0].Why
	}
	return signedIn, ended
}

func TestALockedPersonLosesWhatIsOpenUntilTheyAreLetIn(t *testing.T) {
	e := newEnv(t)
	id := e.admitted("ann")
	signedIn, ended := e.session("ann", id)
	if signedIn() != nil || ended() != nil {
		t.Fatalf("before: %v, %v", signedIn(), ended())
	}
	for range 2 {
		if a := e.post("/users/"+id+"/actions", object{"op_type": "LOCK"}); a.status != http.StatusNoContent || a.raw != "" {
			t.Fatalf("lock: %d %s", a.status, a.raw)
		}
	}
	if workspace.CodeOf(signedIn()) != workspace.CodeBadCredentials || workspace.CodeOf(ended()) != workspace.CodeForbidden {
		t.Errorf("after the lock: %v, %v", signedIn(), ended())
	}
	s := core.NewServices(core.Config{Store: e.store, Passwords: e.iam.Passwords})
	if _, err := s.SignIn.SignIn(t.Context(), "ann", goodPassword); workspace.CodeOf(err) != workspace.CodeForbidden {
		t.Errorf("a locked person signs in: %v", err)
	}
	if !strings.Contains(e.ok(e.get("/users/"+id)).raw, `"locked":true`) {
		t.Error("the lock is not shown")
	}
	if a := e.post("/users/"+id+"/actions", object{"op_type": "UNLOCK"}); a.status != http.StatusNoContent {
		t.Fatalf("unlock: %d %s", a.status, a.raw)
	}
	if signedIn() == nil {
		t.Error("the old sign-in came back to life")
	}
	if _, err := s.SignIn.SignIn(t.Context(), "ann", goodPassword); err != nil {
		t.Error(err)
	}
}

func TestUnlockingForgivesFailedSignIns(t *testing.T) {
	e := newEnv(t)
	id := e.admitted("ann")
	s := core.NewServices(core.Config{Store: e.store, Passwords: e.iam.Passwords})
	for range workspace.FreeSignIns + 1 {
		s.SignIn.SignIn(t.Context(), "ann", "wrong")
	}
	if _, err := s.SignIn.SignIn(t.Context(), "ann", goodPassword); workspace.CodeOf(err) != workspace.CodeRateLimited {
		t.Fatalf("not blocked: %v", err)
	}
	e.post("/users/"+id+"/actions", object{"op_type": "UNLOCK"})
	if _, err := s.SignIn.SignIn(t.Context(), "ann", goodPassword); err != nil {
		t.Error(err)
	}
}

func TestDisablingEndsWhatIsOpen(t *testing.T) {
	e := newEnv(t)
	id := e.admitted("ann")
	signedIn, ended := e.session("ann", id)
	e.ok(e.do("PUT", e.path("/users/"+id), object{"disabled": true}))
	if signedIn() == nil || workspace.CodeOf(ended()) != workspace.CodeForbidden {
		t.Errorf("after disabling: %v, %v", signedIn(), ended())
	}
	e.ok(e.do("PUT", e.path("/users/"+id), object{"disabled": false}))
	if signedIn() == nil {
		t.Error("the old sign-in came back to life")
	}
}

func TestAnExpiredPersonCannotSignIn(t *testing.T) {
	e := newEnv(t)
	id := e.admitted("ann")
	signedIn, ended := e.session("ann", id)
	e.update(func(tx *store.Tx) error {
		u, err := directory.LockUser(t.Context(), tx, e.first.ProjectID, id)
		if err != nil {
			return err
		}
		u.Expires = tx.Now()
		return directory.SaveUser(t.Context(), tx, u)
	})
	if signedIn() == nil || workspace.CodeOf(ended()) != workspace.CodeForbidden {
		t.Errorf("after the expiry: %v, %v", signedIn(), ended())
	}
	s := core.NewServices(core.Config{Store: e.store, Passwords: e.iam.Passwords})
	if _, err := s.SignIn.SignIn(t.Context(), "ann", goodPassword); workspace.CodeOf(err) != workspace.CodeForbidden {
		t.Errorf("an expired person signs in: %v", err)
	}
	e.ok(e.do("PUT", e.path("/users/"+id), object{"account_expires": "0"}))
	if _, err := s.SignIn.SignIn(t.Context(), "ann", goodPassword); err != nil {
		t.Error(err)
	}
}

func TestPasswordsAreResetMadeUpAndInvitedTo(t *testing.T) {
	e := newEnv(t)
	s := core.NewServices(core.Config{Store: e.store, Passwords: e.iam.Passwords})
	ann := e.admitted("ann")
	signedIn, _ := e.session("ann", ann)
	e.mails()
	e.refused(e.post("/users/"+ann+"/resend-email", object{}), http.StatusConflict, workspace.CodeConflict, "RESET_PWD")
	e.refused(e.post("/users/"+ann+"/resend-email", object{"template_id": "x"}), 400, workspace.CodeUnsupported, "template_id")

	if a := e.post("/users/"+ann+"/actions", object{"op_type": "RESET_PWD"}); a.status != http.StatusNoContent {
		t.Fatalf("reset: %d %s", a.status, a.raw)
	}
	if _, err := s.SignIn.SignIn(t.Context(), "ann", goodPassword); workspace.CodeOf(err) != workspace.CodeBadCredentials || signedIn() == nil {
		t.Errorf("the old password still works: %v, %v", err, signedIn())
	}
	kinds := func() (kinds []directory.MailKind) {
		for _, m := range e.mails() {
			if m.UserID == ann && m.Kind != directory.MailDesktopReady {
				kinds = append(kinds, m.Kind)
			}
		}
		return kinds
	}
	if k := kinds(); len(k) != 1 || k[0] != directory.MailPasswordReset {
		t.Errorf("mails after a reset: %v", k)
	}
	e.ok(e.do("POST", e.path("/users/"+ann+"/resend-email"), nil))
	if k := kinds(); len(k) != 2 || k[1] != directory.MailFirstPassword {
		t.Errorf("mails after an invitation: %v", k)
	}

	password := e.ok(e.get("/users/" + ann + "/random-password?notification_type=email")).text("password")
	if err := signin.CheckPassword("password", password, "ann"); err != nil {
		t.Errorf("%q: %v", password, err)
	}
	if k := kinds(); len(k) != 3 {
		t.Errorf("mails after a random password: %v", k)
	}
	if strings.Contains(e.log.String(), password) {
		t.Error("the password is in the log")
	}
	in, err := s.SignIn.SignIn(t.Context(), "ann", password)
	if err != nil || !in.User.MustChangePassword {
		t.Errorf("with the random password: %+v %v", in.User, err)
	}
	e.refused(e.get("/users/"+ann+"/random-password?notification_type=phone"), 400, workspace.CodeUnsupported, "notification_type")
	e.refused(e.get("/users/x/random-password"), 400, workspace.CodeUserNotFound, "")

	e.create(object{"desktops": desktopsFor("bob")})
	bob := e.ok(e.get("/users?user_name=bob")).text("users", 0, "id")
	e.refused(e.post("/users/"+bob+"/actions", object{"op_type": "RESET_PWD"}), 400, workspace.CodeInvalid, "no mail address")
	e.refused(e.post("/users/"+bob+"/resend-email", object{}), 400, workspace.CodeInvalid, "no mail address")
	e.refused(e.get("/users/"+bob+"/random-password?notification_type=email"), 400, workspace.CodeInvalid, "no mail address")
	e.refused(e.post("/users/"+bob+"/actions", object{"op_type": "BAN"}), 400, workspace.CodeInvalid, "op_type")
	e.refused(e.post("/users/x/actions", object{"op_type": "LOCK"}), 400, workspace.CodeUserNotFound, "")
}

func TestPeopleAreDeletedTogether(t *testing.T) {
	e := newEnv(t)
	e.create(object{"desktops": desktopsFor("ann", "bob", "carl")})
	id := map[string]string{}
	for _, u := range e.ok(e.get("/users")).list("users") {
		id[answer{body: u}.text("user_name")] = answer{body: u}.text("id")
	}
	before := e.ok(e.get("/workspace-sub-jobs")).number("total_count")
	if a := e.ok(e.post("/users/batch-delete", object{"user_ids": []string{id["ann"], "nobody", id["bob"]}})); a.raw != "" {
		t.Errorf("answered %q", a.raw)
	}
	if a := e.ok(e.get("/users")); a.number("total_count") != 1 || a.text("users", 0, "user_name") != "carl" {
		t.Errorf("left: %s", a.raw)
	}
	if n := e.ok(e.get("/workspace-sub-jobs")).number("total_count"); n != before+2 {
		t.Errorf("%d sub-jobs tell desktops, want 2", n-before)
	}
	if n := e.ok(e.get("/desktops/detail?user_attached=true")).number("total_count"); n != 1 {
		t.Errorf("%d desktops are assigned, want 1", n)
	}
	e.refused(e.post("/users/batch-delete", object{"user_ids": []string{id["ann"], id["bob"]}}), 400, workspace.CodeUserNotFound, "none of these 2")
	e.refused(e.post("/users/batch-delete", object{"user_ids": []string{}}), 400, workspace.CodeInvalid, "user_ids: 0 ids, give 1 to 100")
}

func TestWhatBecameOfMessagesIsListed(t *testing.T) {
	e := newEnv(t)
	e.update(func(tx *store.Tx) error {
		m := directory.Mail{ID: "1", ProjectID: e.first.ProjectID, Kind: directory.MailDesktopReady, UserName: "ann", Data: []byte(`{"desktop_name":"pc-1"}`)}
		if err := directory.PutNotification(t.Context(), tx, directory.NotificationOf(m, "", tx.Now())); err != nil {
			return err
		}
		m.ID, m.UserName, m.Data = "2", "bob", nil
		return directory.PutNotification(t.Context(), tx, directory.NotificationOf(m, "no such mailbox", tx.Now().Add(time.Second)))
	})
	a := e.ok(e.get("/users/notification-records?query_type=DESKTOP"))
	if a.number("total_count") != 2 || a.text("notification_records", 0, "error_message") != "no such mailbox" ||
		a.text("notification_records", 0, "result") != "FAIL" || a.text("notification_records", 1, "result") != "SUCCESS" ||
		a.text("notification_records", 1, "desktop_name") != "pc-1" || a.text("notification_records", 1, "operate_time") == "" {
		t.Errorf("records: %s", a.raw)
	}
	for query, want := range map[string]int{
		"query_type=DESKTOP&user_name=AN": 1, "query_type=DESKTOP&desktop_name=pc": 1, "query_type=DESKTOP&type=SMS": 0,
		"query_type=DESKTOP_POOL": 0, "query_type=DESKTOP&limit=1&sort_type=ASC": 2,
	} {
		if got := e.ok(e.get("/users/notification-records?" + query)).number("total_count"); got != want {
			t.Errorf("%q finds %d, want %d", query, got, want)
		}
	}
	e.refused(e.get("/users/notification-records"), 400, workspace.CodeInvalid, "query_type: must be given")
	e.refused(e.get("/users/notification-records?query_type=DESKTOP&limit=1001"), 400, workspace.CodeInvalid, "limit")
}
