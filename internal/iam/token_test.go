package iam_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"carrel/internal/iam"
)

func TestATokenLetsItsOwnerIn(t *testing.T) {
	t.Run("for 24 hours", func(t *testing.T) {
		inEnv(t, func(e *env) {
			token := e.token(nil)
			pass(24*time.Hour - time.Second)
			e.wants(e.do(get("/v3/auth/projects", token)), http.StatusOK)
			pass(time.Second)
			e.refused(e.do(get("/v3/auth/projects", token)), 401, "APIGW.0301", "token expires, expires_at:")
			pass(24*time.Hour + time.Second)
			e.token(nil) // sweeps what expired a day ago
			e.refused(e.do(get("/v3/auth/projects", token)), 401, "APIGW.0301", "decrypt token fail")
		})
	})
	t.Run("until it is revoked", func(t *testing.T) {
		inEnv(t, func(e *env) {
			token := e.token(nil)
			r := get("/v3/auth/tokens", e.token(nil))
			r.Method = "DELETE"
			r.Header.Set("X-Subject-Token", token)
			e.wants(e.do(r), http.StatusNoContent)
			e.refused(e.do(get("/v3/auth/projects", token)), 401, "APIGW.0301", "decrypt token fail")
		})
	})
	t.Run("together with a signature of the same user", func(t *testing.T) {
		inEnv(t, func(e *env) {
			r := signed(e.firstKey(), "GET", "/v3/auth/projects", "")
			r.Header.Set("X-Auth-Token", e.token(nil))
			e.wants(e.do(r), http.StatusOK)
		})
	})
	t.Run("but not with a signature of another", func(t *testing.T) {
		inEnv(t, func(e *env) {
			e.addReader()
			r := signed(e.firstKey(), "GET", "/v3/auth/projects", "")
			r.Header.Set("X-Auth-Token", e.tokenOf("reader", readerPassword, nil))
			e.refused(e.do(r), 401, "APIGW.0301", "different users")
		})
	})
	t.Run("and a header of another scheme does no harm", func(t *testing.T) {
		inEnv(t, func(e *env) {
			r := get("/v3/auth/projects", e.token(nil))
			r.Header.Set("Authorization", "Basic abc")
			e.wants(e.do(r), http.StatusOK)
		})
	})
}

func TestTokensSayWhatTheyAreFor(t *testing.T) {
	type want struct{ project, domain bool }
	for name, c := range map[string]struct {
		scope func(c iam.Credentials) object
		want  want
	}{
		"a project by id":   {func(c iam.Credentials) object { return object{"project": object{"id": c.ProjectID}} }, want{project: true}},
		"a project by name": {func(c iam.Credentials) object { return object{"project": object{"name": c.ProjectName}} }, want{project: true}},
		"a domain by id":    {func(c iam.Credentials) object { return object{"domain": object{"id": c.DomainID}} }, want{domain: true}},
		"a domain by name":  {func(c iam.Credentials) object { return object{"domain": object{"name": c.DomainName}} }, want{domain: true}},
		"no scope":          {func(iam.Credentials) object { return nil }, want{domain: true}},
	} {
		t.Run(name, func(t *testing.T) {
			inEnv(t, func(e *env) {
				token := e.token(c.scope(e.first))
				r := get("/v3/auth/tokens", token)
				r.Header.Set("X-Subject-Token", token)
				a := e.wants(e.do(r), http.StatusOK)
				if got := (want{a.text("token", "project", "id") == e.first.ProjectID, a.text("token", "domain", "id") == e.first.DomainID}); got != c.want {
					t.Errorf("scope %+v, want %+v: %v", got, c.want, a.body)
				}
				if a.text("token", "user", "name") != e.first.UserName || a.text("token", "user", "domain", "id") != e.first.DomainID {
					t.Errorf("whose? %v", a.body)
				}
				if c.want.project && a.text("token", "catalog", 1, "endpoints", 0, "url") != "http://carrel.test/v2/"+e.first.ProjectID {
					t.Errorf("catalogue: %v", a.at("token", "catalog"))
				}
			})
		})
	}
	for name, scope := range map[string]object{
		"a project that does not exist is not found": {"project": object{"name": "nowhere"}},
		"another's domain is refused":                {"domain": object{"name": "other"}},
		"a project and a domain are too much":        {"project": object{"name": region}, "domain": object{"name": "carrel"}},
	} {
		t.Run(name, func(t *testing.T) {
			inEnv(t, func(e *env) {
				a := e.do(post("/v3/auth/tokens", passwordBody(e.first.DomainName, e.first.UserName, e.first.Password, scope)))
				if a.status < 400 || a.status >= 500 || !strings.Contains(a.text("error_msg"), "auth.scope") {
					t.Errorf("got %d %v", a.status, a.body)
				}
			})
		})
	}
	t.Run("a token made from a token has a new scope and no longer life", func(t *testing.T) {
		inEnv(t, func(e *env) {
			old := e.token(nil)
			pass(time.Hour)
			body := object{"auth": object{"identity": object{"methods": []string{"token"}, "token": object{"id": old}}, "scope": e.projectScope()}}
			a := e.wants(e.do(post("/v3/auth/tokens", body)), http.StatusCreated)
			if a.text("token", "project", "id") != e.first.ProjectID {
				t.Errorf("got %v", a.body)
			}
			pass(23 * time.Hour)
			e.refused(e.do(get("/v3/auth/projects", a.header.Get("X-Subject-Token"))), 401, "APIGW.0301", "token expires")
		})
	})
	t.Run("another user's token is shown to administrators only", func(t *testing.T) {
		inEnv(t, func(e *env) {
			e.addReader()
			admin, reader := e.token(nil), e.tokenOf("reader", readerPassword, nil)
			r := get("/v3/auth/tokens?nocatalog=true", admin)
			r.Header.Set("X-Subject-Token", reader)
			if a := e.wants(e.do(r), http.StatusOK); a.text("token", "roles", 0, "name") != "reader" {
				t.Errorf("got %v", a.body)
			}
			r = get("/v3/auth/tokens", reader)
			r.Header.Set("X-Subject-Token", admin)
			e.refused(e.do(r), http.StatusForbidden, "IAM.0003", "another user's")
		})
	})
}

func TestWrongPasswordsAreThrottled(t *testing.T) {
	try := func(e *env, user, password, address string) answer {
		r := post("/v3/auth/tokens", passwordBody(e.first.DomainName, user, password, nil))
		r.RemoteAddr = address + ":1234"
		return e.do(r)
	}
	t.Run("per user and network, whatever the name's case, until the pause ends", func(t *testing.T) {
		inEnv(t, func(e *env) {
			for i := range 6 {
				e.refused(try(e, e.first.UserName, "wrong", "192.0.2."+string(rune('1'+i))), 401, "IAM.0002", "wrong")
			}
			a := try(e, strings.ToUpper(e.first.UserName), e.first.Password, "192.0.2.77")
			e.refused(a, http.StatusTooManyRequests, "IAM.0006", "too many")
			if a.header.Get("Retry-After") != "15" {
				t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
			}
			e.wants(try(e, e.first.UserName, e.first.Password, "198.51.100.7"), http.StatusCreated)
			pass(15 * time.Second)
			e.wants(try(e, e.first.UserName, e.first.Password, "192.0.2.77"), http.StatusCreated)
		})
	})
	t.Run("and names that nobody has alike", func(t *testing.T) {
		inEnv(t, func(e *env) {
			for range 6 {
				e.refused(try(e, "nobody", "wrong", "192.0.2.1"), 401, "IAM.0002", "wrong")
			}
			e.refused(try(e, "nobody", "wrong", "192.0.2.1"), 429, "IAM.0006", "too many")
		})
	})
	t.Run("so that fifty unknown clients lock nobody out", func(t *testing.T) {
		inEnv(t, func(e *env) {
			e.wants(try(e, e.first.UserName, e.first.Password, "192.0.2.1"), http.StatusCreated)
			for i := range 120 {
				try(e, e.first.UserName, "wrong", fmt.Sprintf("10.0.%d.1", i%60))
				try(e, "user"+string(rune('a'+i%26)), "wrong", "192.0.2.9") // at the administrator's own place
			}
			start := time.Now()
			e.wants(try(e, e.first.UserName, e.first.Password, "192.0.2.1"), http.StatusCreated)
			if waited := time.Since(start); waited != 0 {
				t.Errorf("the right password from a known place was held for %v", waited)
			}
			e.wants(try(e, e.first.UserName, e.first.Password, "203.0.113.9"), http.StatusCreated) // a new place is held at most
			if waited := time.Since(start); waited > 10*time.Second {
				t.Errorf("the right password from a new place was held for %v", waited)
			}
		})
	})
	t.Run("also one after the other from the known place itself", func(t *testing.T) {
		inEnv(t, func(e *env) {
			e.wants(e.do(signed(e.firstKey(), "GET", "/v3/auth/projects", "")), http.StatusOK)
			e.iam.FlushKeyUses(e.Context()) // a signature makes a place known, too, within seconds
			for range 12 {
				e.refused(try(e, e.first.UserName, "wrong", "192.0.2.1"), 401, "IAM.0002", "wrong")
			}
			e.wants(try(e, e.first.UserName, e.first.Password, "192.0.2.1"), http.StatusCreated)
		})
	})
	t.Run("and right ones are not", func(t *testing.T) {
		inEnv(t, func(e *env) {
			for range 60 {
				e.wants(try(e, e.first.UserName, e.first.Password, "192.0.2.1"), http.StatusCreated)
			}
		})
	})
}
