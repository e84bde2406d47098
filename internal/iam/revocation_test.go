package iam_test

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"carrel/internal/iam"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/telemetry"
	"carrel/internal/workspace"
)

// replicas are an identity service and another one, as in another process, on one database. Both have remembered what the other one may not
// learn of for a second.
type replicas struct {
	*env
	other *iam.Service
}

func inReplicas(t *testing.T, f func(r replicas)) {
	synctest.Test(t, func(t *testing.T) {
		path := storetest.SQLitePath(t)
		here, other := newService(t, storetest.Open(t, path, nil)), newService(t, storetest.Open(t, path, nil))
		here.Recheck, other.Recheck = iam.DefaultRecheck, iam.DefaultRecheck
		first, err := here.Bootstrap(t.Context(), firstAccount)
		if err != nil {
			t.Fatal(err)
		}
		f(replicas{&env{T: t, iam: here, first: first}, other})
	})
}

// caller makes requests with a credential.
type caller struct {
	request func() *http.Request
	project string // of the desktops that are listed
}

// list authenticates a request and decides whether it may list desktops.
func (c caller) list(s *iam.Service) error {
	r := c.request()
	p, err := s.Authenticate(r)
	if err == nil {
		_, err = s.Authorize(r.Context(), p, iam.Access{ProjectID: c.project, Action: "workspace:desktops:list"})
	}
	return err
}

func (r replicas) withToken(token string) caller {
	return caller{func() *http.Request { return get("/", token) }, r.first.ProjectID}
}

func (r replicas) withKey(k key) caller {
	return caller{func() *http.Request { return signed(k, "GET", "/", "") }, r.first.ProjectID}
}

// isRefused reports whether an error says that a caller is refused, rather than that something broke.
func isRefused(err error) bool {
	refusal, is := errors.AsType[*iam.Refusal](err)
	code := workspace.CodeOf(err)
	return is && refusal.Status == http.StatusUnauthorized || !is && (code == workspace.CodeForbidden || code == workspace.CodeProjectNotFound)
}

func (r replicas) succeed(a answer) {
	r.Helper()
	if a.status >= 300 {
		r.Fatalf("got %d %v", a.status, a.body)
	}
}

// revocations are the ways in which a credential ends, or a right: each prepares a caller who may list desktops, and returns what ends that.
var revocations = map[string]func(r replicas) (caller, func()){
	"a token that is revoked": func(r replicas) (caller, func()) {
		token := r.token(nil)
		return r.withToken(token), func() {
			q := get("/v3/auth/tokens", r.token(nil))
			q.Method = "DELETE"
			q.Header.Set("X-Subject-Token", token)
			r.succeed(r.do(q))
		}
	},
	"a temporary key whose token is revoked": func(r replicas) (caller, func()) {
		token := r.token(nil)
		k := r.temporaryKey(token)
		return r.withKey(k), func() {
			q := get("/v3/auth/tokens", token)
			q.Method = "DELETE"
			q.Header.Set("X-Subject-Token", token)
			r.succeed(r.do(q))
		}
	},
	"a key that is deleted": func(r replicas) (caller, func()) {
		k := r.newKey()
		return r.withKey(k), func() { r.succeed(r.call("DELETE", "/v3.0/OS-CREDENTIAL/credentials/"+k.access, object{})) }
	},
	"a key that is made inactive": func(r replicas) (caller, func()) {
		k := r.newKey()
		return r.withKey(k), func() {
			r.succeed(r.call("PUT", "/v3.0/OS-CREDENTIAL/credentials/"+k.access, object{"credential": object{"status": "inactive"}}))
		}
	},
	"a temporary key whose permanent key is made inactive": func(r replicas) (caller, func()) {
		k := r.newKey()
		q := signed(k, "POST", "/v3.0/OS-CREDENTIAL/securitytokens", `{"auth": {"identity": {"methods": ["token"]}}}`)
		a := r.wants(r.do(q), http.StatusCreated)
		made := key{a.text("credential", "access"), a.text("credential", "secret"), a.text("credential", "securitytoken")}
		return r.withKey(made), func() {
			r.succeed(r.call("PUT", "/v3.0/OS-CREDENTIAL/credentials/"+k.access, object{"credential": object{"status": "inactive"}}))
		}
	},
	"a token of a user who is disabled": func(r replicas) (caller, func()) {
		id := r.addReader()
		return r.withToken(r.tokenOf("reader", readerPassword, nil)), func() { r.succeed(r.changeUser(id, object{"enabled": false})) }
	},
	"a key of a user who is disabled": func(r replicas) (caller, func()) {
		id := r.addReader()
		return r.withKey(r.keyOf(id)), func() { r.succeed(r.changeUser(id, object{"enabled": false})) }
	},
	"a key of a user who is deleted": func(r replicas) (caller, func()) {
		id := r.addReader()
		return r.withKey(r.keyOf(id)), func() { r.succeed(r.call("DELETE", "/v3/users/"+id, object{})) }
	},
	"a token of a user whose password an administrator changes": func(r replicas) (caller, func()) {
		id := r.addReader()
		return r.withToken(r.tokenOf("reader", readerPassword, nil)), func() { r.succeed(r.changeUser(id, object{"password": "Another-0ne"})) }
	},
	"a token of a user who changes the password": func(r replicas) (caller, func()) {
		id := r.addReader()
		token := r.tokenOf("reader", readerPassword, nil)
		return r.withToken(token), func() {
			change := object{"user": object{"original_password": readerPassword, "password": "Another-0ne"}}
			r.succeed(r.callAs(token, "POST", "/v3/users/"+id+"/password", change))
		}
	},
	"a token of an administrator who is made anew in the shell": func(r replicas) (caller, func()) {
		r.addReader()
		return r.withToken(r.tokenOf("reader", readerPassword, nil)), func() {
			if _, err := r.iam.ResetAdministrator(r.Context(), workspace.Caller{ProjectID: r.first.DomainID}, "reader"); err != nil {
				r.Fatal(err)
			}
		}
	},
	"a user who loses the role": func(r replicas) (caller, func()) {
		id := r.addReader()
		return r.withKey(r.keyOf(id)), func() { r.succeed(r.changeUser(id, object{"role": ""})) }
	},
	"a user from whom a role is detached": func(r replicas) (caller, func()) {
		id := r.addUser("ann", "")
		path := "/v3/domains/" + r.first.DomainID + "/users/" + id + "/roles/reader"
		r.succeed(r.call("PUT", path, object{}))
		return r.withKey(r.keyOf(id)), func() { r.succeed(r.call("DELETE", path, object{})) }
	},
	"a user who is removed from a group": func(r replicas) (caller, func()) {
		id, group := r.addUser("ann", ""), r.newGroup("g")
		r.succeed(r.call("PUT", "/v3/domains/"+r.first.DomainID+"/groups/"+group+"/roles/reader", object{}))
		r.succeed(r.call("PUT", "/v3/groups/"+group+"/users/"+id, object{}))
		return r.withKey(r.keyOf(id)), func() { r.succeed(r.call("DELETE", "/v3/groups/"+group+"/users/"+id, object{})) }
	},
	"a user whose group is deleted": func(r replicas) (caller, func()) {
		id, group := r.addUser("ann", ""), r.newGroup("g")
		r.succeed(r.call("PUT", "/v3/domains/"+r.first.DomainID+"/groups/"+group+"/roles/reader", object{}))
		r.succeed(r.call("PUT", "/v3/groups/"+group+"/users/"+id, object{}))
		return r.withKey(r.keyOf(id)), func() { r.succeed(r.call("DELETE", "/v3/groups/"+group, object{})) }
	},
	"a user to whom a policy that denies is attached": func(r replicas) (caller, func()) {
		id := r.addReader()
		denying := r.policy("no lists", "XA", `{"Version": "5.0", "Statement": [{"Effect": "Deny", "Action": ["workspace:desktops:list"]}]}`)
		return r.withKey(r.keyOf(id)), func() {
			r.succeed(r.call("PUT", "/v3/domains/"+r.first.DomainID+"/users/"+id+"/roles/"+denying, object{}))
		}
	},
	"a user whose policy changes": func(r replicas) (caller, func()) {
		id := r.addUser("ann", "")
		allowing := r.policy("lists", "XA", `{"Version": "5.0", "Statement": [{"Effect": "Allow", "Action": ["workspace:desktops:list"]}]}`)
		r.succeed(r.call("PUT", "/v3/domains/"+r.first.DomainID+"/users/"+id+"/roles/"+allowing, object{}))
		return r.withKey(r.keyOf(id)), func() {
			r.succeed(r.call("PATCH", "/v3.0/OS-ROLE/roles/"+allowing, object{"role": object{
				"policy": object{"Version": "5.0", "Statement": []object{{"Effect": "Allow", "Action": []string{"workspace:desktops:get"}}}},
			}}))
		}
	},
	"a token for a project that is disabled": func(r replicas) (caller, func()) {
		id := r.newProject("lab")
		c := r.withToken(r.token(object{"project": object{"id": id}}))
		c.project = id
		return c, func() { r.succeed(r.call("PATCH", "/v3/projects/"+id, object{"project": object{"enabled": false}})) }
	},
	"a key in a project that is disabled": func(r replicas) (caller, func()) {
		id := r.newProject("lab")
		c := r.withKey(r.firstKey())
		c.project = id
		return c, func() { r.succeed(r.call("PATCH", "/v3/projects/"+id, object{"project": object{"enabled": false}})) }
	},
	"a key in a project that is deleted": func(r replicas) (caller, func()) {
		id := r.newProject("lab")
		c := r.withKey(r.firstKey())
		c.project = id
		return c, func() { r.succeed(r.call("DELETE", "/v3/projects/"+id, object{})) }
	},
	"a token for a project that is deleted": func(r replicas) (caller, func()) {
		id := r.newProject("lab")
		c := r.withToken(r.token(object{"project": object{"id": id}}))
		c.project = id
		return c, func() { r.succeed(r.call("DELETE", "/v3/projects/"+id, object{})) }
	},
	"an agency that is deleted": func(r replicas) (caller, func()) {
		ann := r.addUser("ann", "")
		r.newAgency(iam.NewAgency{Name: "night", TrustUserID: ann, Role: iam.RoleReader})
		a := r.wants(r.assume(r.tokenOf("ann", readerPassword, nil), "night", nil), http.StatusOK)
		k := key{a.text("credentials", "access_key_id"), a.text("credentials", "secret_access_key"), a.text("credentials", "security_token")}
		return r.withKey(k), func() {
			if err := r.iam.DeleteAgency(r.Context(), workspace.Caller{ProjectID: r.first.DomainID}, "night"); err != nil {
				r.Fatal(err)
			}
		}
	},
	"an agency whose user is disabled": func(r replicas) (caller, func()) {
		ann := r.addUser("ann", "")
		r.newAgency(iam.NewAgency{Name: "night", TrustUserID: ann, Role: iam.RoleReader})
		role := object{"domain_id": r.first.DomainID, "agency_name": "night"}
		a := r.wants(r.assumeRole(r.tokenOf("ann", readerPassword, nil), role, nil), http.StatusCreated)
		return r.withToken(a.header.Get("X-Subject-Token")), func() { r.succeed(r.changeUser(ann, object{"enabled": false})) }
	},
}

// keyOf makes a key of a user.
func (r replicas) keyOf(userID string) key {
	r.Helper()
	k, plain, err := r.iam.CreateKey(r.Context(), workspace.Caller{ProjectID: r.first.DomainID}, userID, "")
	if err != nil {
		r.Fatal(err)
	}
	return key{access: k.ID, secret: plain}
}

func TestWhatIsRevokedIsRefusedAtOnceHereAndWithinTheBoundElsewhere(t *testing.T) {
	for name, prepare := range revocations {
		t.Run(name, func(t *testing.T) {
			inReplicas(t, func(r replicas) {
				revoked, revoke := prepare(r)
				spared := r.withKey(r.firstKey())
				for _, s := range []*iam.Service{r.iam, r.other} {
					for range 2 {
						if err := errors.Join(revoked.list(s), spared.list(s)); err != nil {
							t.Fatalf("before: %v", err)
						}
					}
				}
				revoke()
				if err := revoked.list(r.iam); !isRefused(err) {
					t.Errorf("here, at once: %v", err)
				}
				if err := revoked.list(r.other); err != nil {
					t.Errorf("the other process remembers nothing, so this test shows nothing: %v", err)
				}
				pass(iam.DefaultRecheck)
				if err := revoked.list(r.other); !isRefused(err) {
					t.Errorf("elsewhere, after the bound: %v", err)
				}
				for _, s := range []*iam.Service{r.iam, r.other} {
					if err := spared.list(s); err != nil {
						t.Errorf("another caller: %v", err)
					}
				}
			})
		})
	}
}

func TestWhatIsGivenBackIsAcceptedAgain(t *testing.T) {
	inReplicas(t, func(r replicas) {
		id := r.addReader()
		k := r.keyOf(id)
		c := r.withKey(k)
		for what, change := range map[string]func(on bool) answer{
			"the user": func(on bool) answer { return r.changeUser(id, object{"enabled": on}) },
			"the key": func(on bool) answer {
				return r.call("PUT", "/v3.0/OS-CREDENTIAL/credentials/"+k.access, object{"credential": object{"status": map[bool]string{true: "active", false: "inactive"}[on]}})
			},
			"the project": func(on bool) answer {
				return r.call("PATCH", "/v3/projects/"+r.first.ProjectID, object{"project": object{"enabled": on}})
			},
		} {
			for range 2 {
				r.succeed(change(false))
				pass(iam.DefaultRecheck)
				if here, other := c.list(r.iam), c.list(r.other); !isRefused(here) || !isRefused(other) {
					t.Errorf("%s is disabled: %v, %v", what, here, other)
				}
				r.succeed(change(true))
				if here, other := c.list(r.iam), c.list(r.other); here != nil || other != nil { // nothing that was refused is remembered
					t.Errorf("%s is enabled again: %v, %v", what, here, other)
				}
			}
		}
	})
}

func TestARequestOfAKnownCallerTakesNoStatement(t *testing.T) {
	inReplicas(t, func(r replicas) {
		for name, c := range map[string]caller{"a key": r.withKey(r.firstKey()), "a token": r.withToken(r.token(nil)), "a token for a project": r.withToken(r.token(r.projectScope()))} {
			statements := func() int64 {
				ctx, n := telemetry.CountStatements(r.Context())
				counted := caller{func() *http.Request { return c.request().WithContext(ctx) }, c.project}
				if err := counted.list(r.iam); err != nil {
					t.Fatal(err)
				}
				return n.Load()
			}
			if n := statements(); n == 0 {
				t.Errorf("%s: the first took no statement", name)
			}
			for range 3 {
				if n := statements(); n != 0 {
					t.Errorf("%s: %d statements", name, n)
				}
				pass(iam.DefaultRecheck) // the version is read again, but for all
			}
			pass(11 * time.Minute)
			if n := statements(); n == 0 {
				t.Errorf("%s is still remembered after eleven minutes without a request", name)
			}
		}
	})
}

func TestExpiryIsSeenOfARememberedCredential(t *testing.T) {
	inReplicas(t, func(r replicas) {
		token := r.withToken(r.token(nil))
		for range 24 * 60 {
			if err := token.list(r.iam); err != nil {
				t.Fatal(err)
			}
			pass(time.Minute)
		}
		if err := token.list(r.iam); !isRefused(err) {
			t.Errorf("after a day: %v", err)
		}
	})
}

func TestARememberedKeyStillNeedsItsSignatureAndItsToken(t *testing.T) {
	inReplicas(t, func(r replicas) {
		k := r.temporaryKey(r.token(nil))
		if err := r.withKey(k).list(r.iam); err != nil {
			t.Fatal(err)
		}
		for name, wrong := range map[string]key{
			"another secret": {k.access, "x" + k.secret[1:], k.token}, "no token": {k.access, k.secret, ""}, "another token": {k.access, k.secret, k.token[1:] + "x"},
		} {
			if err := r.withKey(wrong).list(r.iam); !isRefused(err) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := r.withKey(k).list(r.iam); err != nil {
			t.Errorf("with the right ones, afterwards: %v", err)
		}
	})
}

func TestWrongCredentialsAreNotRemembered(t *testing.T) {
	inReplicas(t, func(r replicas) {
		before := iam.Remembered(r.iam)
		wrong := r.firstKey()
		wrong.secret = "wrong"
		for range 100 {
			for _, c := range []caller{r.withToken(workspace.NewToken()), r.withKey(key{access: workspace.NewToken()[:20], secret: "x"}), r.withKey(wrong)} {
				if err := c.list(r.iam); !isRefused(err) {
					t.Fatal(err)
				}
			}
		}
		if after := iam.Remembered(r.iam); after != before {
			t.Errorf("%d things are remembered, %d before", after, before)
		}
	})
}

func TestTheUseOfAKeyThatIsGoneLeavesNothing(t *testing.T) {
	inReplicas(t, func(r replicas) {
		id := r.addReader()
		if err := r.withKey(r.keyOf(id)).list(r.iam); err != nil {
			t.Fatal(err)
		}
		r.succeed(r.call("DELETE", "/v3/users/"+id, object{}))
		r.iam.FlushKeyUses(r.Context())
		var places []string
		err := r.iam.Store.View(r.Context(), func(tx *store.Tx) error {
			return tx.NewRaw("SELECT subject FROM known_places WHERE subject = ?", "admin:"+id).Scan(r.Context(), &places)
		})
		if err != nil || len(places) > 0 {
			t.Errorf("places of a user who is gone: %q, %v", places, err)
		}
	})
}

func TestLastUsesAreWrittenTogether(t *testing.T) {
	inReplicas(t, func(r replicas) {
		k := r.firstKey()
		uses := func() string {
			return r.wants(r.call("GET", "/v3.0/OS-CREDENTIAL/credentials/"+k.access, object{}), http.StatusOK).text("credential", "last_use_time")
		}
		written := func() time.Time {
			keys, err := r.other.ListKeys(r.Context(), r.first.UserID)
			if err != nil {
				t.Fatal(err)
			}
			return keys[0].LastUsed
		}
		used := time.Now()
		if err := r.withKey(k).list(r.iam); err != nil {
			t.Fatal(err)
		}
		if shown := uses(); shown != used.UTC().Format("2006-01-02T15:04:05.000000Z") {
			t.Errorf("shown at once: %q", shown)
		}
		if !written().IsZero() {
			t.Error("the request wrote its use")
		}
		ctx, stop := telemetry.CountStatements(r.Context())
		r.iam.FlushKeyUses(ctx)
		if !written().Equal(used.Truncate(time.Microsecond)) || stop.Load() == 0 {
			t.Errorf("written: %v, want %v", written(), used)
		}
		pass(time.Minute)
		if err := r.withKey(k).list(r.iam); err != nil {
			t.Fatal(err)
		}
		r.iam.FlushKeyUses(r.Context())
		if !written().Equal(used.Truncate(time.Microsecond)) {
			t.Error("a use within the precision was written")
		}
		pass(15 * time.Minute)
		if err := r.withKey(k).list(r.other); err != nil {
			t.Fatal(err)
		}
		r.other.FlushKeyUses(r.Context())
		if !written().After(used.Add(10 * time.Minute)) {
			t.Error("the later use in the other process was not written")
		}
	})
}
