package iam_test

import (
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"carrel/internal/audit"
	"carrel/internal/iam"
	"carrel/internal/store/storetest"
	"carrel/internal/telemetry"
	"carrel/internal/workspace"
)

func (e *env) newUser(fields object) string {
	e.Helper()
	return e.wants(e.call("POST", "/v3/users", object{"user": fields}), http.StatusCreated).text("user", "id")
}

func (e *env) changeUser(id string, fields object) answer {
	e.Helper()
	return e.call("PATCH", "/v3/users/"+id, object{"user": fields})
}

func TestUsers(t *testing.T) {
	inEnv(t, func(e *env) {
		id := e.newUser(object{"name": "Ann", "password": "Some-thing-1", "description": "on call", "role": "reader"})
		e.recorded("KeystoneCreateUser", iam.ResourceUser, id, "name:  -> Ann", "role:  -> reader", "description:  -> on call", "enabled:  -> true")
		e.wants(e.callAs(e.tokenOf("ann", "Some-thing-1", nil), "GET", "/v3/groups", nil), http.StatusOK)
		e.refused(e.call("POST", "/v3/users", object{"user": object{"name": "ANN"}}), 409, "IAM.0010", `user.name: "ANN" is in use`)
		program := e.newUser(object{"name": "program", "enabled": false})
		for target, want := range map[string]string{
			"/v3/users":                     e.first.UserName + " Ann program",
			"/v3/users?page=2&per_page=2":   "program",
			"/v3/users?name=ann":            "Ann",
			"/v3/users?enabled=false":       "program",
			"/v3/users?domain_id=other":     "",
			"/v3/users?enabled=true&page=2": "",
		} {
			a := e.wants(e.call("GET", target, nil), http.StatusOK)
			var names []string
			users, _ := a.at("users").([]any)
			for i := range users {
				names = append(names, a.text("users", i, "name"))
			}
			if got := strings.Join(names, " "); got != want {
				e.Errorf("%s: %q, want %q", target, got, want)
			}
		}
		if a := e.call("GET", "/v3/users/"+program, nil); a.text("user", "access_mode") != "programmatic" || a.at("user", "enabled") != false || a.text("user", "role") != "" {
			e.Errorf("without a password: %v", a.body)
		}
		e.wants(e.changeUser(id, object{"name": "Anna", "role": ""}), http.StatusOK)
		e.recorded("KeystoneUpdateUserByAdmin", iam.ResourceUser, id, "name: Ann -> Anna", "role: reader -> ")
		anna := e.tokenOf("anna", "Some-thing-1", nil)
		e.refused(e.callAs(anna, "GET", "/v3/groups", nil), 403, "IAM.0003", "user Anna may not do iam:groups:list")
		e.wants(e.callAs(anna, "GET", "/v3/users/"+id, nil), http.StatusOK)
		e.refused(e.callAs(anna, "GET", "/v3/users/"+program, nil), 403, "IAM.0003", "iam:users:get")
		e.wants(e.call("DELETE", "/v3/users/"+id, nil), http.StatusNoContent)
		e.recorded("KeystoneDeleteUser", iam.ResourceUser, id, "name: Anna -> ", "description: on call -> ", "enabled: true -> ")
		e.refused(e.callAs(anna, "GET", "/v3/users/"+id, nil), 401, "APIGW.0301", "decrypt token fail")
		e.refused(e.call("DELETE", "/v3/users/"+id, nil), 404, "IAM.0004", "user")
	})
}

func TestUsersAreRefused(t *testing.T) {
	inEnv(t, func(e *env) {
		reader := e.addReader()
		for message, fields := range map[string]object{
			"user.name: ":                               {"password": "Some-thing-1"},
			"user.password: use 8 to 64":                {"name": "x", "password": "short"},
			"user.password: must not contain the user":  {"name": "some", "password": "Some-thing-1"},
			"user.role: \"owner\" is unknown":           {"name": "x", "role": "owner"},
			"user.description: has 256":                 {"name": "x", "description": strings.Repeat("x", 256)},
			"user.email: is not supported":              {"name": "x", "email": "x@example.com"},
			"user.pwd_status: is not supported":         {"name": "x", "pwd_status": true},
			"user.default_project_id: is not supported": {"name": "x", "default_project_id": "x"},
			"user.domain_id: is not the caller's":       {"name": "x", "domain_id": "other"},
		} {
			for _, a := range []answer{e.call("POST", "/v3/users", object{"user": fields}), e.changeUser(reader, fields)} {
				if a.status == http.StatusOK && strings.HasPrefix(message, "user.name") {
					continue // a change may leave the name as it is
				}
				if a.status < 400 || a.status >= 500 || !strings.Contains(a.text("error_msg"), message) {
					e.Errorf("got %d %v, want %q", a.status, a.body, message)
				}
			}
		}
		e.refused(e.changeUser("x", object{}), 404, "IAM.0004", "user")
	})
}

// A disabled user's token, key and temporary key stop at once, and the tokens stay away when the user is enabled again.
func TestADisabledUserIsOutAtOnce(t *testing.T) {
	inEnv(t, func(e *env) {
		id := e.addUser("ann", iam.RoleReader)
		token := e.tokenOf("ann", readerPassword, nil)
		made := e.wants(e.callAs(token, "POST", "/v3.0/OS-CREDENTIAL/credentials", object{"credential": object{}}), http.StatusCreated)
		permanent := key{access: made.text("credential", "access"), secret: made.text("credential", "secret")}
		temporary := e.temporaryKey(token)
		credentials := map[string]func() answer{
			"token":         func() answer { return e.do(get("/v3/auth/projects", token)) },
			"key":           func() answer { return e.do(signed(permanent, "GET", "/v3/auth/projects", "")) },
			"temporary key": func() answer { return e.do(signed(temporary, "GET", "/v3/auth/projects", "")) },
		}
		for _, use := range credentials {
			e.wants(use(), http.StatusOK)
		}
		e.wants(e.changeUser(id, object{"enabled": false}), http.StatusOK)
		for name, use := range credentials {
			if a := use(); a.status != http.StatusUnauthorized {
				e.Errorf("the %s of a disabled user: %d %v", name, a.status, a.body)
			}
		}
		e.refused(credentials["key"](), 401, "APIGW.0301", "the user ann is disabled")
		e.refused(e.do(post("/v3/auth/tokens", passwordBody(e.first.DomainName, "ann", readerPassword, nil))), 403, "IAM.0003", "the user ann is disabled")
		e.refused(e.do(post("/v3/auth/tokens", passwordBody(e.first.DomainName, "ann", "wrong", nil))), 401, "IAM.0002", "wrong")
		e.wants(e.changeUser(id, object{"enabled": true}), http.StatusOK)
		e.wants(credentials["key"](), http.StatusOK)
		e.wants(credentials["token"](), http.StatusUnauthorized)
		e.wants(credentials["temporary key"](), http.StatusUnauthorized)
	})
}

func (e *env) temporaryKey(token string) key {
	e.Helper()
	a := e.wants(e.do(post("/v3.0/OS-CREDENTIAL/securitytokens", object{"auth": object{"identity": object{
		"methods": []string{"token"}, "token": object{"id": token},
	}}})), http.StatusCreated)
	return key{a.text("credential", "access"), a.text("credential", "secret"), a.text("credential", "securitytoken")}
}

func TestTheLastAdministratorStays(t *testing.T) {
	inEnv(t, func(e *env) {
		disabled := e.newUser(object{"name": "off", "role": "admin", "enabled": false})
		for name, change := range map[string]func() answer{
			"deleting":  func() answer { return e.call("DELETE", "/v3/users/"+e.first.UserID, nil) },
			"disabling": func() answer { return e.changeUser(e.first.UserID, object{"enabled": false}) },
			"demoting":  func() answer { return e.changeUser(e.first.UserID, object{"role": "reader"}) },
		} {
			e.refused(change(), 409, "IAM.0010", "last enabled administrator: give another user the role admin, or enable one, first")
			e.wants(e.call("GET", "/v3/groups", nil), http.StatusOK)
			t.Log(name)
		}
		e.wants(e.changeUser(disabled, object{"enabled": true}), http.StatusOK)
		e.wants(e.call("DELETE", "/v3/users/"+e.first.UserID, nil), http.StatusNoContent)
	})
}

// Two administrators who remove each other at once: one stays.
func TestOfTwoAdministratorsWhoRemoveEachOtherOneStays(t *testing.T) {
	for name, url := range map[string]func(testing.TB) string{"SQLite": storetest.SQLitePath, "Postgres": storetest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, storetest.Open(t, url(t), nil))
			first, err := s.Bootstrap(t.Context(), firstAccount)
			if err != nil {
				t.Fatal(err)
			}
			account := workspace.Caller{ProjectID: first.DomainID}
			second, err := s.CreateUser(t.Context(), account, iam.NewUser{Name: "second", Role: iam.RoleAdmin})
			if err != nil {
				t.Fatal(err)
			}
			ids := []string{first.UserID, second.ID}
			errs := storetest.Together(2, func(i int) error { return s.DeleteUser(t.Context(), account, ids[i]) })
			if (errs[0] == nil) == (errs[1] == nil) {
				t.Errorf("one of two must fail: %v", errs)
			}
		})
	}
}

func TestPasswords(t *testing.T) {
	inEnv(t, func(e *env) {
		id := e.addUser("ann", "")
		own := func(token, id, original, password string) answer {
			return e.callAs(token, "POST", "/v3/users/"+id+"/password", object{"user": object{"password": password, "original_password": original}})
		}
		token := e.tokenOf("ann", readerPassword, nil)
		e.refused(own(token, id, "wrong", "Other-thing-2"), 401, "IAM.0002", "wrong")
		e.refused(own(token, id, "", "Other-thing-2"), 400, "IAM.0001", "user.original_password: must be given")
		e.refused(own(token, id, readerPassword, readerPassword), 400, "IAM.0001", "must differ")
		e.refused(own(token, id, readerPassword, "short"), 400, "IAM.0001", "user.password: use 8 to 64")
		e.refused(own(token, e.first.UserID, readerPassword, "Other-thing-2"), 403, "IAM.0003", "administrators set the passwords of others")
		e.wants(own(token, id, readerPassword, "Other-thing-2"), http.StatusNoContent)
		e.recorded("KeystoneUpdateUserPassword", iam.ResourceUser, id, "password:  -> changed")
		e.wants(e.do(get("/v3/auth/projects", token)), http.StatusUnauthorized)
		token = e.tokenOf("ann", "Other-thing-2", nil)
		e.wants(e.changeUser(id, object{"password": "Third-thing-3"}), http.StatusOK)
		e.recorded("KeystoneUpdateUserByAdmin", iam.ResourceUser, id, "password:  -> changed")
		e.wants(e.do(get("/v3/auth/projects", token)), http.StatusUnauthorized)
		e.tokenOf("ann", "Third-thing-3", nil)
		for range 8 {
			own(e.tokenOf("ann", "Third-thing-3", nil), id, "wrong", "Other-thing-2")
		}
	})
	t.Run("the first one is forgotten when it is changed, and Carrel starts all the same", func(t *testing.T) {
		inEnv(t, func(e *env) {
			e.wants(e.changeUser(e.first.UserID, object{"password": "Other-thing-2"}), http.StatusOK)
			again, err := e.iam.Bootstrap(e.Context(), firstAccount)
			want := e.first
			want.Password = ""
			if err != nil || again != want {
				t.Errorf("%+v, %v, want %+v", again, err, want)
			}
			e.first.Password = "Other-thing-2"
			e.newUser(object{"name": "second", "role": "admin", "password": "Some-thing-1"})
			e.wants(e.call("DELETE", "/v3/users/"+e.first.UserID, nil), http.StatusNoContent)
			again, err = e.iam.Bootstrap(e.Context(), firstAccount)
			want.UserID, want.UserName, want.AccessKey, want.SecretKey = "", "", "", ""
			if err != nil || again != want {
				t.Errorf("%+v, %v, want %+v", again, err, want)
			}
		})
	})
}

// countingPasswords counts the hashes that are computed.
type countingPasswords struct {
	workspace.Passwords
	computed atomic.Int64
}

func (c *countingPasswords) Hash(p string) (string, error) {
	c.computed.Add(1)
	return c.Passwords.Hash(p)
}

func (c *countingPasswords) Verify(p, hash string) (bool, bool) {
	c.computed.Add(1)
	return c.Passwords.Verify(p, hash)
}

func (c *countingPasswords) VerifyNothing(p string) {
	c.computed.Add(1)
	c.Passwords.VerifyNothing(p)
}

// Whoever does not know a password learns from the time of the answer neither whether the user exists, nor what is the matter with it.
func TestAWrongPasswordCostsAsMuchAsAnUnknownUser(t *testing.T) {
	inEnv(t, func(e *env) {
		counting := &countingPasswords{Passwords: e.iam.Passwords}
		e.iam.Passwords = counting
		e.newUser(object{"name": "off", "password": readerPassword, "enabled": false})
		e.newUser(object{"name": "program"})
		e.iam.Refusals = &audit.Refusals{Store: e.iam.Store, Clock: time.Now, Log: slog.New(slog.DiscardHandler)}
		first := int64(0)
		for name, body := range map[string]object{
			"a wrong password":        passwordBody(e.first.DomainName, e.first.UserName, "wrong", nil),
			"an unknown user":         passwordBody(e.first.DomainName, "nobody", "wrong", nil),
			"an unknown account":      passwordBody("nothing", e.first.UserName, "wrong", nil),
			"a disabled user":         passwordBody(e.first.DomainName, "off", "wrong", nil),
			"a user without password": passwordBody(e.first.DomainName, "program", "wrong", nil),
		} {
			counting.computed.Store(0)
			request := post("/v3/auth/tokens", body)
			ctx, statements := telemetry.CountStatements(request.Context())
			e.refused(e.do(request.WithContext(ctx)), 401, "IAM.0002", "The username or password is wrong.")
			if n := counting.computed.Load(); n != 1 {
				t.Errorf("%s: %d hashes are computed, want 1", name, n)
			}
			n := statements.Load()
			if first == 0 {
				first = n
			}
			if n != first || n == 0 {
				t.Errorf("%s: %d statements, another attempt takes %d", name, n, first)
			}
		}
	})
}
