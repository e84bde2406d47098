package api_test

import (
	"net/http"
	"slices"
	"testing"

	"carrel/internal/workspace"
)

func (e *env) put(target string, body any) answer {
	e.Helper()
	return e.do("PUT", e.path(target), body)
}

// silent fails unless the answer is 204 without a body.
func (e *env) silent(a answer) {
	e.Helper()
	if a.status != http.StatusNoContent || a.raw != "" {
		e.Errorf("got %d %s, want 204", a.status, a.raw)
	}
}

const (
	otpConfig  = "/assist-auth-config/method-config"
	otpObjects = "/assist-auth-config/apply-objects"
)

func TestCodesAreConfiguredByProject(t *testing.T) {
	e := newEnv(t)
	shown := func() answer { return e.ok(e.get(otpConfig)) }
	a := shown()
	e.has(a, map[string]string{"main_auth_config_id": "local-password"})
	e.has(answer{body: a.at("otp_config_info")}, map[string]string{"id": "otp", "receive_mode": "VMFA"})
	if a.at("otp_config_info", "enable") != true || a.at("otp_config_info", "apply_rule") != nil || a.at("otp_config_info", "app_secret") != nil {
		t.Errorf("the usual config: %s", a.raw)
	}
	e.ok(e.get(otpConfig + "?main_auth_config_id=local-password"))
	e.silent(e.put(otpConfig, object{"auth_type": "OTP", "otp_config_info": object{
		"id": "otp", "enable": false, "receive_mode": "VMFA", "apply_rule": object{"rule_type": "ACCESS_MODE", "rule": "INTERNET"},
	}}))
	if a := shown(); a.at("otp_config_info", "enable") != false || a.at("otp_config_info", "apply_rule", "rule") != "INTERNET" || a.at("otp_config_info", "apply_rule", "rule_type") != "ACCESS_MODE" {
		t.Errorf("changed: %s", a.raw)
	}
	r := e.record("operation=UpdateAssistAuthMethodConfig&result=success")
	e.has(r, map[string]string{"resource_type": "otp_config", "resource_id": e.first.ProjectID, "action": "workspace:assistAuthConfigs:update"})
	if changes := r.list("changes"); len(changes) != 2 || r.text("changes", 0, "field") != "enabled" || r.text("changes", 0, "old") != "true" || r.text("changes", 0, "new") != "false" {
		t.Errorf("recorded: %v", changes)
	}
	e.silent(e.put(otpConfig, object{"otp_config_info": object{"apply_rule": object{}}}))
	if a := shown(); a.at("otp_config_info", "enable") != false || a.at("otp_config_info", "apply_rule") != nil {
		t.Errorf("what is not sent stays: %s", a.raw)
	}
	if other := e.otherProject("lab"); e.ok(other.get(otpConfig)).at("otp_config_info", "enable") != true {
		t.Error("another project is changed, too")
	}
}

func TestBadConfigsOfCodesAreRefusedByName(t *testing.T) {
	e := newEnv(t)
	info := func(name string, value any) object { return object{"otp_config_info": object{name: value}} }
	for name, c := range map[string]struct {
		body any
		code workspace.Code
		want string
	}{
		"nothing":               {object{}, workspace.CodeInvalid, "otp_config_info"},
		"RADIUS":                {object{"auth_type": "RADIUS", "otp_config_info": object{}}, workspace.CodeUnsupported, "auth_type: other directories"},
		"what there is not":     {object{"auth_type": "SMS", "otp_config_info": object{}}, workspace.CodeInvalid, "auth_type"},
		"another config":        {info("id", "x"), workspace.CodeInvalid, `otp_config_info.id: "x" does not exist, the one of this project is otp`},
		"tokens":                {info("receive_mode", "HMFA"), workspace.CodeUnsupported, "otp_config_info.receive_mode: hardware tokens"},
		"a mode that is not":    {info("receive_mode", "FAX"), workspace.CodeInvalid, "otp_config_info.receive_mode"},
		"a server of tokens":    {info("auth_url", "https://x"), workspace.CodeUnsupported, "otp_config_info.auth_url"},
		"its application":       {info("app_id", "x"), workspace.CodeUnsupported, "otp_config_info.app_id"},
		"its secret":            {info("app_secret", "x"), workspace.CodeUnsupported, "otp_config_info.app_secret"},
		"the way there":         {info("auth_server_access_mode", "INTERNET"), workspace.CodeUnsupported, "otp_config_info.auth_server_access_mode"},
		"its certificate":       {info("cert_content", "x"), workspace.CodeUnsupported, "otp_config_info.cert_content"},
		"objects":               {info("apply_objects", []object{{"object_type": "ALL"}}), workspace.CodeUnsupported, "otp_config_info.apply_objects: change them with"},
		"a rule of no type":     {info("apply_rule", object{"rule": "INTERNET"}), workspace.CodeInvalid, "otp_config_info.apply_rule: give rule_type and rule"},
		"a rule that is not":    {info("apply_rule", object{"rule_type": "ACCESS_MODE", "rule": "MOON"}), workspace.CodeInvalid, "otp_config_info.apply_rule.rule"},
		"a type that is not":    {info("apply_rule", object{"rule_type": "TIME", "rule": "INTERNET"}), workspace.CodeInvalid, "otp_config_info.apply_rule.rule_type"},
		"a text for a truth":    {info("enable", "yes"), workspace.CodeInvalid, "otp_config_info.enable"},
		"a list for the config": {object{"otp_config_info": []int{1}}, workspace.CodeInvalid, "otp_config_info"},
	} {
		t.Run(name, func(t *testing.T) { e.refused(e.put(otpConfig, c.body), 400, c.code, c.want) })
	}
	e.refused(e.get(otpConfig+"?main_auth_config_id=x"), 400, workspace.CodeInvalid, `main_auth_config_id: "x" does not exist`)
	if e.ok(e.get(otpConfig)).at("otp_config_info", "enable") != true {
		t.Error("something has changed")
	}
}

func TestWhoMustUseCodesIsListed(t *testing.T) {
	e := newEnv(t)
	ann, staff := e.admitted("ann"), e.group("Staff")
	list := func(query string) []string {
		return e.names(e.ok(e.get(otpObjects+"?"+query)), "objects", "object_name")
	}
	if a := e.ok(e.get(otpObjects)); a.number("total_count") != 0 || a.list("objects") == nil {
		t.Errorf("before: %s", a.raw)
	}
	for range 2 { // adding what is there is a success
		e.silent(e.post(otpObjects, object{"add": []object{
			{"object_type": "USER", "object_id": ann, "object_name": "ann"}, {"object_type": "USER_GROUP", "object_id": staff, "object_name": "Staff"},
		}}))
	}
	e.silent(e.post(otpObjects, object{"add": []object{{"object_type": "ALL", "object_id": "default-apply-all-targets", "object_name": "All-Targets"}}}))
	for query, want := range map[string][]string{
		"": {"ann", "Staff", "All-Targets"}, "object_type=USER_GROUP": {"Staff"}, "object_type=ALL": {"All-Targets"}, "object_name=STA": {"Staff"},
		"limit=1&offset=1": {"Staff"}, "offset=3": nil,
	} {
		if got := list(query); !slices.Equal(got, want) {
			t.Errorf("%q lists %v, want %v", query, got, want)
		}
	}
	e.ok(e.do("PUT", e.path("/groups/"+staff), object{"group_name": "Crew"})) // a rename changes nothing but the name
	if got := list("object_type=USER_GROUP"); !slices.Equal(got, []string{"Crew"}) {
		t.Errorf("after a rename: %v", got)
	}
	for _, r := range e.records("operation=UpdateAssistAuthConfigApplyObjects&result=success") {
		if r.text("changes", 0, "field") != "apply_objects" || r.text("changes", 0, "new") == "" {
			t.Errorf("recorded: %v", r.body)
		}
	}
	for range 2 { // so is deleting what is gone
		e.silent(e.post(otpObjects, object{"delete": []object{{"object_type": "ALL"}, {"object_type": "USER", "object_id": ann}}}))
	}
	if a := e.do("DELETE", e.path("/groups/"+staff), nil); a.status != http.StatusNoContent {
		t.Fatalf("deleting a group: %d %s", a.status, a.raw)
	}
	if got := list(""); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
	for query, field := range map[string]string{"object_type=OU": "object_type", "limit=0": "limit", "limit=1001": "limit", "offset=-1": "offset"} {
		e.refused(e.get(otpObjects+"?"+query), 400, workspace.CodeInvalid, field)
	}
	for want, body := range map[string]object{
		"add":                 {},
		"add[0].object_id":    {"add": []object{{"object_type": "USER", "object_name": "x"}}},
		"add[0].object_type":  {"add": []object{{"object_type": "OU", "object_id": "x", "object_name": "x"}}},
		"delete[0].object_id": {"delete": []object{{"object_type": "ALL", "object_id": "x", "object_name": "All-Targets"}}},
	} {
		e.refused(e.post(otpObjects, body), 400, workspace.CodeInvalid, want)
	}
	e.refused(e.post(otpObjects, object{"add": []object{{"object_type": "USER", "object_id": "x", "object_name": "x"}}}), 400, workspace.CodeUserNotFound, "add[0].object_id")
	e.refused(e.post(otpObjects, object{"add": []object{{"object_type": "USER_GROUP", "object_id": "x", "object_name": "x"}}}), 400, workspace.CodeGroupNotFound, "add[0].object_id")
}

func TestPasswordsAreTheOneWayToSignIn(t *testing.T) {
	e := newEnv(t)
	a := e.ok(e.get("/auth-config/method-config?auth_type=LOCAL_PASSWORD"))
	e.has(a, map[string]string{"id": "local-password", "auth_type": "LOCAL_PASSWORD"})
	if a.at("enable") != true || a.at("sms_login_enabled") != false || a.at("is_multi_domain_authenticate_enabled") != false {
		t.Errorf("shown: %s", a.raw)
	}
	good := object{"id": "local-password", "auth_type": "USER_PASSWORD", "sms_login_enabled": false, "is_multi_domain_authenticate_enabled": false}
	e.has(e.ok(e.put("/auth-config/method-config", good)), map[string]string{"project_id": e.first.ProjectID})
	e.ok(e.post("/auth-config/validate-config", good))
	a = e.ok(e.put("/auth-configs/local-password", object{"sms_login_enabled": false}))
	e.has(a, map[string]string{"auth_config_id": "local-password"})

	for _, kind := range []string{"KERBEROS", "LDAP", "CLIENT_TOKEN", "OAUTH2", "SAML2"} {
		e.refused(e.get("/auth-config/method-config?auth_type="+kind), 400, workspace.CodeUnsupported, "auth_type: other directories and their ways to sign in are not supported yet")
	}
	e.refused(e.get("/auth-config/method-config?auth_type=x"), 400, workspace.CodeInvalid, "auth_type")
	for _, to := range []func(object) answer{
		func(b object) answer { return e.put("/auth-config/method-config", b) },
		func(b object) answer { return e.post("/auth-config/validate-config", b) },
	} {
		for _, kind := range []string{"RADIUS_GATEWAY", "OAUTH2", "LDAP", "CLIENT_TOKEN", "FINGER", "SAML2"} {
			e.refused(to(object{"auth_type": kind}), 400, workspace.CodeUnsupported, "auth_type: other directories")
		}
		e.refused(to(object{"auth_type": "x"}), 400, workspace.CodeInvalid, "auth_type")
		e.refused(to(object{"id": "x"}), 400, workspace.CodeInvalid, `id: "x" does not exist`)
		for field, value := range map[string]any{
			"saml2_auth_config": object{"identity_provider": "x"}, "radius_gateway_config": object{"enable": true}, "third_party_auth_config": object{"auth_type": "OAUTH2"},
			"emergency_login_mode": "x", "sms_login_enabled": true, "is_multi_domain_authenticate_enabled": true,
		} {
			e.refused(to(object{field: value}), 400, workspace.CodeUnsupported, field)
		}
	}
	e.refused(e.put("/auth-configs/local-password", object{"sms_login_enabled": true}), 400, workspace.CodeUnsupported, "sms_login_enabled: no text messages")
	e.refused(e.put("/auth-configs/x", object{}), 400, workspace.CodeInvalid, `auth_config_id: "x" does not exist`)
	e.refused(e.get("/auth-config/saml2/metadata?auth_config_id=local-password&type=SP"), 400, workspace.CodeUnsupported, "type: there is no SAML metadata")
	e.refused(e.get("/auth-config/saml2/metadata?auth_config_id=x&type=SP"), 400, workspace.CodeInvalid, "auth_config_id")
	e.refused(e.get("/auth-config/saml2/metadata?auth_config_id=local-password&type=x"), 400, workspace.CodeInvalid, "type")
	e.refused(e.get("/auth-config/saml2/metadata"), 400, workspace.CodeInvalid, "auth_config_id")
	e.refused(e.get("/auth-config/saml2/sp/metadata?identity_provider=x&access_server_address=x"), 400, workspace.CodeUnsupported, "identity_provider: there is no SAML metadata")
}

func TestRulesForPasswordsAndLockOut(t *testing.T) {
	e := newEnv(t)
	usual := map[string]map[string]float64{"password": {"min_length": 8, "min_kinds": 3, "max_age_days": 0, "history": 0}, "lockout": {"attempts": 0, "minutes": 0}}
	is := func(a answer, want map[string]map[string]float64) {
		t.Helper()
		for part, fields := range want {
			for name, n := range fields {
				if got := a.at(part, name); got != n {
					t.Errorf("%s.%s is %v, want %v", part, name, got, n)
				}
			}
		}
	}
	is(e.ok(e.get("/sign-in-rules")), usual)
	is(e.ok(e.put("/sign-in-rules", object{})), usual)
	changed := map[string]map[string]float64{"password": {"min_length": 12, "min_kinds": 3, "max_age_days": 90, "history": 5}, "lockout": {"attempts": 5, "minutes": 30}}
	a := e.put("/sign-in-rules", object{"password": object{"min_length": 12, "max_age_days": 90, "history": 5}, "lockout": object{"attempts": 5, "minutes": 30}})
	is(e.ok(a), changed)
	is(e.ok(e.get("/sign-in-rules")), changed)
	r := e.records("operation=UpdateSignInRules&result=success")[0]
	e.has(r, map[string]string{"resource_type": "sign_in_rules", "resource_id": e.first.ProjectID})
	if len(r.list("changes")) != 5 || r.text("changes", 0, "field") != "password.min_length" || r.text("changes", 0, "old") != "8" || r.text("changes", 0, "new") != "12" {
		t.Errorf("recorded: %v", r.at("changes"))
	}
	changed["lockout"] = map[string]float64{"attempts": 0, "minutes": 0}
	is(e.ok(e.put("/sign-in-rules", object{"lockout": object{"attempts": 0, "minutes": 0}})), changed)
	is(e.ok(e.otherProject("lab").get("/sign-in-rules")), usual)

	// The rules hold for the passwords that administrators give, too.
	body := func(password string) object {
		return object{"user_name": "ann", "active_type": "ADMIN_ACTIVATE", "password": password}
	}
	e.refused(e.post("/users", body("Short-one-7")), 400, workspace.CodeInvalid, "password: use 12 to 64 characters")
	a = e.post("/users/batch-create", object{"users": []object{{"user_name": "bob", "user_email": "bob@example.org"}, body("Short-one-7")}})
	e.refused(a, 400, workspace.CodeInvalid, "users[1].password: use 12 to 64 characters")
	e.ok(e.post("/users", body("Long-enough-12345")))

	for field, b := range map[string]object{
		"password.min_length": {"password": object{"min_length": 7}}, "password.min_kinds": {"password": object{"min_kinds": 5}},
		"password.max_age_days": {"password": object{"max_age_days": -1}}, "password.history": {"password": object{"history": 25}},
		"lockout.attempts": {"lockout": object{"attempts": 2, "minutes": 5}}, "lockout.minutes": {"lockout": object{"attempts": 3, "minutes": 1441}},
		"password": {"password": "strong"}, "lockout.minutes: 0": {"lockout": object{"attempts": 3}},
	} {
		e.refused(e.put("/sign-in-rules", b), 400, workspace.CodeInvalid, field)
	}
	is(e.ok(e.get("/sign-in-rules")), changed)
}
