package iam_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"carrel/internal/iam"
	"carrel/internal/store"
)

func TestASignatureLetsItsOwnerIn(t *testing.T) {
	for name, target := range map[string]string{
		"without a query":            "/v3/auth/projects",
		"with a query":               "/v3/projects?name=local-1&enabled=true",
		"with a key without a value": "/v3/projects?name",
		"with escaped characters":    "/v3/users?name=%E6%A1%8C%2B%20x&name=a",
	} {
		t.Run(name, func(t *testing.T) {
			inEnv(t, func(e *env) { e.wants(e.do(signed(e.firstKey(), "GET", target, "")), http.StatusOK) })
		})
	}
	for name, c := range map[string]struct{ target, path, query string }{
		"with an array in the caller's order, as Java does":      {"/v3/users?name=b&name=a", "/v3/users/", "name=b&name=a"},
		"with numbers in the order of numbers, as PHP does":      {"/v3/users?name=9&name=10", "/v3/users/", "name=9&name=10"},
		"with a slash that Node signs and does not send":         {"/v3/users", "//v3/users/", ""},
		"with a slash after an endpoint's own":                   {"//v3/users", "//v3/users/", ""},
		"with quotes in the path as Node escapes them":           {"/v3/users/o'b%20%22|^%E6%A1%8C", "/v3/users/o%2527b%2520%2522%257C%255E%E6%A1%8C/", ""},
		"with a path that is escaped once more, as Java does it": {"/v3/users/%E6%A1%8C%20a", "/v3/users/%25E6%25A1%258C%2520a/", ""},
	} {
		t.Run(name, func(t *testing.T) {
			inEnv(t, func(e *env) {
				if _, err := e.iam.Authenticate(signedAs(e.firstKey(), "GET", c.target, "", c.path, c.query)); err != nil {
					t.Error(err)
				}
			})
		})
	}
	t.Run("and leaves the body to read", func(t *testing.T) {
		inEnv(t, func(e *env) {
			body := `{"credential":{"description":"for <b> & co"}}` + "\n"
			a := e.wants(e.do(signed(e.firstKey(), "POST", "/v3.0/OS-CREDENTIAL/credentials", body)), http.StatusCreated)
			if a.text("credential", "description") != "for <b> & co" {
				t.Errorf("got %v", a.body)
			}
		})
	})
	t.Run("twice, for clients send again what got no answer", func(t *testing.T) {
		inEnv(t, func(e *env) {
			r := signed(e.firstKey(), "GET", "/v3/auth/projects", "")
			e.wants(e.do(r.Clone(e.Context())), http.StatusOK)
			e.wants(e.do(r), http.StatusOK)
		})
	})
	t.Run("with headers added after signing", func(t *testing.T) {
		inEnv(t, func(e *env) {
			r := signed(e.firstKey(), "GET", "/v3/auth/projects", "")
			r.Header.Set("X-Project-Id", e.first.ProjectID)
			e.wants(e.do(r), http.StatusOK)
		})
	})
	t.Run("14 minutes late", func(t *testing.T) {
		inEnv(t, func(e *env) {
			r := signed(e.firstKey(), "GET", "/v3/auth/projects", "")
			pass(14 * time.Minute)
			e.wants(e.do(r), http.StatusOK)
		})
	})
}

func TestWrongSignaturesLockNobodyOut(t *testing.T) {
	inEnv(t, func(e *env) {
		wrong := e.firstKey()
		wrong.secret += "x"
		try := func(k key) answer { return e.do(signed(k, "GET", "/v3/auth/projects", "")) }
		for range 20 {
			e.refused(try(wrong), 401, "APIGW.0301", "verify aksk signature fail")
		}
		e.wants(try(e.firstKey()), http.StatusOK)
	})
}

func TestTemporaryKeys(t *testing.T) {
	make := func(e *env, token string, identity object) (key, answer) {
		body := object{"auth": object{"identity": object{"methods": []string{"token"}, "token": identity}}}
		r := post("/v3.0/OS-CREDENTIAL/securitytokens", body)
		if token != "" {
			r.Header.Set("X-Auth-Token", token)
		}
		a := e.do(r)
		return key{a.text("credential", "access"), a.text("credential", "secret"), a.text("credential", "securitytoken")}, a
	}
	t.Run("sign for as long as asked, for the project of the token", func(t *testing.T) {
		inEnv(t, func(e *env) {
			k, a := make(e, e.token(e.projectScope()), object{"duration_seconds": 3600})
			e.wants(a, http.StatusCreated)
			p, err := e.iam.Authenticate(signed(k, "GET", "/v2/x", ""))
			if err != nil || p.ProjectID != e.first.ProjectID || !p.Temporary {
				t.Fatalf("got %+v, %v", p, err)
			}
			pass(time.Hour - time.Second)
			e.wants(e.do(signed(k, "GET", "/v3/auth/projects", "")), http.StatusOK)
			pass(time.Second)
			e.refused(e.do(signed(k, "GET", "/v3/auth/projects", "")), 401, "APIGW.0301", "token expires")
		})
	})
	t.Run("end with the token that they were made of", func(t *testing.T) {
		inEnv(t, func(e *env) {
			token := e.token(nil)
			k, a := make(e, token, object{"duration_seconds": 86400})
			e.wants(a, http.StatusCreated)
			pass(time.Hour)
			late, a := make(e, token, object{"duration_seconds": 86400})
			if expires, err := time.Parse(time.RFC3339, a.text("credential", "expires_at")); err != nil || time.Until(expires) > 23*time.Hour {
				t.Errorf("outlives its token: %v", a.body)
			}
			r := httptest.NewRequest("DELETE", "/v3/auth/tokens", nil)
			r.Header.Set("X-Auth-Token", token)
			r.Header.Set("X-Subject-Token", token)
			e.wants(e.do(r), http.StatusNoContent)
			for _, gone := range []key{k, late} {
				e.refused(e.do(signed(gone, "GET", "/v3/auth/projects", "")), 401, "APIGW.0301", "ak not exist")
			}
			_, a = make(e, token, nil)
			e.refused(a, 401, "APIGW.0301", "")
			fresh, _ := make(e, e.token(nil), nil)
			e.wants(e.do(signed(fresh, "GET", "/v3/auth/projects", "")), http.StatusOK)
		})
	})
	t.Run("do not sign without their security token", func(t *testing.T) {
		inEnv(t, func(e *env) {
			k, _ := make(e, e.token(nil), nil)
			k.token = ""
			e.refused(e.do(signed(k, "GET", "/v3/auth/projects", "")), 401, "APIGW.0301", "send its security token in X-Security-Token")
			k.token = "other"
			e.refused(e.do(signed(k, "GET", "/v3/auth/projects", "")), 401, "APIGW.0301", "X-Security-Token is not the one")
		})
	})
	t.Run("are not locked by a wrong security token, which only their owner can sign with", func(t *testing.T) {
		inEnv(t, func(e *env) {
			k, _ := make(e, e.token(nil), nil)
			wrong := k
			wrong.token = "other"
			for range 7 {
				e.refused(e.do(signed(wrong, "GET", "/v3/auth/projects", "")), 401, "APIGW.0301", "X-Security-Token is not the one")
			}
			e.wants(e.do(signed(k, "GET", "/v3/auth/projects", "")), http.StatusOK)
		})
	})
	t.Run("are made of a token in the body, or of a signature", func(t *testing.T) {
		inEnv(t, func(e *env) {
			k, a := make(e, "", object{"id": e.token(nil)})
			e.wants(a, http.StatusCreated)
			e.wants(e.do(signed(k, "GET", "/v3/auth/projects", "")), http.StatusOK)
			body := `{"auth":{"identity":{"methods":["token"]}}}`
			e.wants(e.do(signed(e.firstKey(), "POST", "/v3.0/OS-CREDENTIAL/securitytokens", body)), http.StatusCreated)
			e.refused(e.do(signed(k, "POST", "/v3.0/OS-CREDENTIAL/securitytokens", body)), 403, "IAM.0003", "temporary")
		})
	})
	t.Run("cannot manage access keys", func(t *testing.T) {
		inEnv(t, func(e *env) {
			k, _ := make(e, e.token(nil), nil)
			e.refused(e.do(signed(k, "GET", "/v3.0/OS-CREDENTIAL/credentials", "")), 403, "IAM.0003", "temporary")
		})
	})
	t.Run("are refused with a life or a policy that cannot be kept", func(t *testing.T) {
		inEnv(t, func(e *env) {
			_, a := make(e, e.token(nil), object{"duration_seconds": 60})
			e.refused(a, 400, "IAM.0001", "auth.identity.token.duration_seconds: use 900 to 86400")
			r := post("/v3.0/OS-CREDENTIAL/securitytokens", object{"auth": object{"identity": object{"methods": []string{"token"}, "policy": object{"Version": "1.1"}}}})
			r.Header.Set("X-Auth-Token", e.token(nil))
			e.refused(e.do(r), 400, "IAM.0001", "auth.identity.policy")
		})
	})
	t.Run("are refused to unknown callers", func(t *testing.T) {
		inEnv(t, func(e *env) {
			_, a := make(e, "", nil)
			e.refused(a, 401, "APIGW.0301", "x-auth-token not found")
		})
	})
}

func TestAccessKeysSignUntilTheyAreDeleted(t *testing.T) {
	inEnv(t, func(e *env) {
		readerID := e.addReader()
		token := e.token(nil)
		r := post("/v3.0/OS-CREDENTIAL/credentials", object{"credential": object{"user_id": readerID, "description": "ci"}})
		r.Header.Set("X-Auth-Token", token)
		a := e.wants(e.do(r), http.StatusCreated)
		k := key{access: a.text("credential", "access"), secret: a.text("credential", "secret")}
		p, err := e.iam.Authenticate(signed(k, "GET", "/v3/auth/projects", ""))
		if err != nil || p.AdminID != readerID || p.Role != iam.RoleReader {
			t.Fatalf("got %+v, %v", p, err)
		}

		a = e.wants(e.do(get("/v3.0/OS-CREDENTIAL/credentials?user_id="+readerID, token)), http.StatusOK)
		if a.text("credentials", 0, "access") != k.access || a.text("credentials", 0, "secret") != "" {
			t.Errorf("listed %v", a.body)
		}
		a = e.wants(e.do(get("/v3.0/OS-CREDENTIAL/credentials/"+k.access, token)), http.StatusOK)
		if last := a.text("credential", "last_use_time"); last != time.Now().UTC().Format("2006-01-02T15:04:05.000000Z") {
			t.Errorf("last use %q", last)
		}
		e.refused(e.do(signed(k, "GET", "/v3.0/OS-CREDENTIAL/credentials/"+e.first.AccessKey, "")), 403, "IAM.0003", "administrators")

		r = get("/v3.0/OS-CREDENTIAL/credentials/"+k.access, token)
		r.Method = "DELETE"
		e.wants(e.do(r), http.StatusNoContent)
		e.refused(e.do(signed(k, "GET", "/v3/auth/projects", "")), 401, "APIGW.0301", "ak not exist")
		e.refused(e.do(get("/v3.0/OS-CREDENTIAL/credentials/"+k.access, token)), 404, "IAM.0004", k.access)
	})
}

func (e *env) newKey() key {
	e.Helper()
	a := e.wants(e.call("POST", "/v3.0/OS-CREDENTIAL/credentials", object{"credential": object{"description": "ci"}}), http.StatusCreated)
	return key{access: a.text("credential", "access"), secret: a.text("credential", "secret")}
}

func TestAUserHasAtMostTwoAccessKeys(t *testing.T) {
	inEnv(t, func(e *env) {
		e.newKey() // beside the one from the start
		e.refused(e.call("POST", "/v3.0/OS-CREDENTIAL/credentials", object{"credential": object{}}), 409, "IAM.0005", "2 access keys, 2 are allowed; delete one first")
	})
	t.Run("and who has more from before keeps them and may only delete", func(t *testing.T) {
		inEnv(t, func(e *env) {
			err := e.iam.Store.Update(e.Context(), func(tx *store.Tx) error {
				for _, id := range []string{"OLD1", "OLD2"} {
					if err := iam.InsertAccessKey(e.Context(), tx, iam.AccessKey{ID: id, AdminID: e.first.UserID, Active: true, Created: tx.Now()}); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range []string{"OLD1", "OLD2"} {
				e.refused(e.call("POST", "/v3.0/OS-CREDENTIAL/credentials", object{"credential": object{}}), 409, "IAM.0005", "2 are allowed")
				e.wants(e.call("DELETE", "/v3.0/OS-CREDENTIAL/credentials/"+id, nil), http.StatusNoContent)
			}
			e.newKey()
		})
	})
}

func TestAnInactiveKeySignsNothing(t *testing.T) {
	inEnv(t, func(e *env) {
		k := e.newKey()
		at := "/v3.0/OS-CREDENTIAL/credentials/" + k.access
		set := func(fields object) answer { return e.call("PUT", at, object{"credential": fields}) }
		made := e.wants(e.do(signed(k, "POST", "/v3.0/OS-CREDENTIAL/securitytokens", `{"auth":{"identity":{"methods":["token"]}}}`)), http.StatusCreated)
		temporary := key{made.text("credential", "access"), made.text("credential", "secret"), made.text("credential", "securitytoken")}
		e.wants(e.do(signed(temporary, "GET", "/v3/auth/projects", "")), http.StatusOK)

		a := e.wants(set(object{"status": "inactive"}), http.StatusOK)
		if a.text("credential", "status") != "inactive" || a.text("credential", "description") != "ci" || a.text("credential", "secret") != "" {
			t.Errorf("got %v", a.body)
		}
		e.recorded("UpdatePermanentAccessKey", iam.ResourceAccessKey, k.access, "active: true -> false")
		e.refused(e.do(signed(k, "GET", "/v3/auth/projects", "")), 401, "APIGW.0301", "is inactive")
		e.wants(e.do(signed(temporary, "GET", "/v3/auth/projects", "")), http.StatusUnauthorized)
		wrong := k
		wrong.secret += "x"
		e.refused(e.do(signed(wrong, "GET", "/v3/auth/projects", "")), 401, "APIGW.0301", "verify aksk signature fail") // learns nothing
		if a := e.call("GET", "/v3.0/OS-CREDENTIAL/credentials", nil); a.text("credentials", 1, "status") != "inactive" {
			t.Errorf("listed %v", a.body)
		}
		e.wants(set(object{"status": "active", "description": "nightly"}), http.StatusOK)
		e.recorded("UpdatePermanentAccessKey", iam.ResourceAccessKey, k.access, "description: ci -> nightly", "active: false -> true")
		e.wants(e.do(signed(k, "GET", "/v3/auth/projects", "")), http.StatusOK)
		e.wants(e.do(signed(temporary, "GET", "/v3/auth/projects", "")), http.StatusUnauthorized)

		e.refused(set(object{"status": "paused"}), 400, "IAM.0001", `credential.status: "paused" is unknown, use active or inactive`)
		e.refused(set(object{"description": strings.Repeat("x", 256)}), 400, "IAM.0001", "credential.description")
		e.addReader()
		e.refused(e.callAs(e.tokenOf("reader", readerPassword, nil), "PUT", at, object{"credential": object{"status": "inactive"}}), 403, "IAM.0003", "administrators")
		e.wants(e.call("DELETE", at, nil), http.StatusNoContent)
		e.recorded("DeletePermanentAccessKey", iam.ResourceAccessKey, k.access)
		e.refused(set(object{"status": "active"}), 404, "IAM.0004", "access key")
	})
}
