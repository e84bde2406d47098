package api_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"carrel/internal/directory"
	"carrel/internal/iam"
	"carrel/internal/workspace"
)

func withClientToken(token string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("X-Client-Token", token) }
}

func TestARequestThatIsSentAgainGetsTheFirstAnswer(t *testing.T) {
	e := newEnv(t)
	pool, _ := e.pool(nil)
	count := func(list, total string) int { return e.ok(e.get(list)).number(total) }
	for name, c := range map[string]struct {
		path    string
		body    object
		another object
		list    string
		makes   int
	}{
		"desktops":                {"/desktops", order(object{"size": 2, "desktop_name": "pc"}), order(object{"size": 1, "desktop_name": "pc"}), "/desktops", 2},
		"a pool":                  {"/desktop-pools", e.poolOrder(object{"name": "POOL02"}), e.poolOrder(object{"name": "POOL02", "size": 3}), "/desktop-pools", 1},
		"more desktops of a pool": {"/desktop-pools/" + pool + "/expand", object{"size": 1}, object{"size": 2}, "/desktop-pools/" + pool + "/desktops", 1},
		"a person":                {"/users", object{"user_name": "ann", "user_email": "ann@example.org"}, object{"user_name": "bob", "user_email": "ann@example.org"}, "/users", 1},
		"people": {
			"/users/batch-create", object{"users": []object{{"user_name": "cas", "user_email": "cas@example.org"}}},
			object{"users": []object{{"user_name": "dan", "user_email": "dan@example.org"}}}, "/users", 1,
		},
		"a group": {"/groups", object{"group_name": "Staff", "platform_type": "LOCAL"}, object{"group_name": "Crew", "platform_type": "LOCAL"}, "/groups", 1},
		"a unit":  {"/ous", object{"domain": directory.BuiltInDomain, "ou_name": "Sales"}, object{"domain": directory.BuiltInDomain, "ou_name": "Press"}, "/ous", 1},
		"a name policy": {
			"/desktop-name-policies", object{"name_prefix": "lab", "digit_number": 3, "start_number": 1, "single_domain_user_inc": 0, "policy_name": "labs"},
			object{"name_prefix": "box", "digit_number": 3, "start_number": 1, "single_domain_user_inc": 0, "policy_name": "boxes"}, "/desktop-name-policies", 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			before := count(c.list, "total_count")
			send := func(body object) answer {
				return e.do("POST", e.path(c.path), body, withClientToken("token-"+strings.ReplaceAll(name, " ", "-")))
			}
			first := send(c.body)
			if first.status >= 300 {
				t.Fatalf("status %d: %s", first.status, first.raw)
			}
			again := send(c.body)
			if again.status != first.status || again.raw != first.raw {
				t.Errorf("again: %d %s, first: %d %s", again.status, again.raw, first.status, first.raw)
			}
			if n := count(c.list, "total_count") - before; n != c.makes {
				t.Errorf("%d were made, want %d", n, c.makes)
			}
			e.refused(send(c.another), http.StatusConflict, workspace.CodeTokenReused, "X-Client-Token: ")
		})
	}
}

func TestARequestWithoutATokenIsANewOne(t *testing.T) {
	e := newEnv(t)
	for range 2 {
		e.ok(e.post("/desktops", order(object{"size": 2, "desktop_name": "pc"})))
	}
	if n := e.ok(e.get("/desktops")).number("total_count"); n != 4 {
		t.Errorf("%d desktops", n)
	}
}

func TestARefusedRequestLeavesItsTokenFree(t *testing.T) {
	e := newEnv(t)
	send := func(image string) answer {
		return e.do("POST", e.path("/desktops"), order(object{"size": 1, "desktop_name": "pc", "image_id": image}), withClientToken("t"))
	}
	e.refused(send("none"), 400, workspace.CodeImageNotFound, "image_id")
	e.ok(send(image))
	e.refused(e.do("POST", e.path("/desktops"), order(nil), withClientToken(strings.Repeat("x", 129))), 400, workspace.CodeInvalid, "X-Client-Token: 129 characters")
	e.refused(e.do("POST", e.path("/desktops"), order(nil), withClientToken("a b")), 400, workspace.CodeInvalid, "X-Client-Token: use visible")
}

func TestTwinsMakeOneDesktop(t *testing.T) {
	e := newEnv(t)
	answers := make([]answer, 8)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() {
			answers[i] = e.do("POST", e.path("/desktops"), order(object{"size": 1, "desktop_name": "pc"}), withClientToken("twins"))
		})
	}
	all.Wait()
	for _, a := range answers {
		if a.status != http.StatusOK || a.text("job_id") != answers[0].text("job_id") {
			t.Errorf("%d %s, another got %s", a.status, a.raw, answers[0].raw)
		}
	}
	if n := e.ok(e.get("/desktops")).number("total_count"); n != 1 {
		t.Errorf("%d desktops", n)
	}
}

func TestATokenIsItsAdministratorsOwn(t *testing.T) {
	e := newEnv(t)
	const password = "Look-0nly-please"
	e.addAdmin("second", password, iam.RoleAdmin)
	second := e.tokenOf("second", password)
	body := order(object{"size": 2, "desktop_name": "pc"})
	first := e.ok(e.do("POST", e.path("/desktops"), body, withClientToken("t"))).text("job_id")
	theirs := e.ok(e.do("POST", e.path("/desktops"), body, withClientToken("t"), func(r *http.Request) { r.Header.Set("X-Auth-Token", second) })).text("job_id")
	if first == theirs {
		t.Error("two administrators share a job")
	}
}
