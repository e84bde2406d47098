package recording

import "slices"

// refusals are requests that the rules refuse, one for each reason that a client can give.
var refusals = slices.Concat(
	variants("POST users", `"user_name": "x1", "user_email": "x1@example.com"`,
		`"user_name": "`+long+`"`, `"user_name": "-x"`, `"user_email": "x"`, `"user_email": "`+long+`@example.com"`, `"user_phone": "call me"`, `"user_phone": "()"`,
		`"user_phone": "`+long+`"`, `"alias_name": "`+long+long+`"`, `"description": "`+long+`"`, `"enterprise_project_id": "`+long+`"`, `"active_type": "X"`,
		`"account_expires": "01/02/2030"`, `"account_expires": "soon"`, `"account_expires": "10000-01-01"`,
		`"active_type": "ADMIN_ACTIVATE", "password": "alllowercase"`, `"active_type": "ADMIN_ACTIVATE", "password": "Xx1-Xx1-Xx1"`,
		`"active_type": "ADMIN_ACTIVATE", "password": "Tab\tBooks-7"`, `"active_type": "ADMIN_ACTIVATE"`,
		`"group_ids": ["{lab}", "{lab}"]`, `"group_ids": ["1", "2", "3", "4", "5", "6"]`),
	variants("POST users/batch-create", `"users": [{"user_name": "y1", "user_email": "y@example.com"}, {"user_name": "Y1", "user_email": "y@example.com"}]`, ``),
	variants("PUT users/{bob}", ``, `"account_expires": "2001-01-01"`, `"user_info_map": "{}"`, `"user_phone": "x"`),
	variants("POST users/{bob}/resend-email", ``, `"template_id": "1"`),
	variants("POST users/batch-delete", ``, `"user_ids": [""]`, `"user_ids": ["{bob}", "{bob}"]`),
	variants("POST groups", `"platform_type": "LOCAL"`, `"group_name": ""`, `"group_name": " a"`, `"group_name": "`+long+`"`, `"group_name": "G", "description": "`+long+`"`),
	variants("PUT groups/{office}", ``, `"group_name": ""`, `"description": "`+long+`"`),
	variants("POST ous", `"domain": "carrel.local"`, `"ou_name": ""`, `"ou_name": "a/b/c/d/e/f/g/h/i/j/k"`, `"ou_name": "a+b"`, `"ou_name": "`+long+`"`, `"ou_name": "N", "description": "`+long+`"`),
	variants("PUT ous/{sales}", ``, `"ou_name": "N", "id": "x"`),
	variants("POST desktop-name-policies", `"policy_name": "r", "name_prefix": "r", "digit_number": 2, "start_number": 1, "single_domain_user_inc": 0`,
		`"policy_name": ""`, `"policy_name": "1r"`, `"name_prefix": ""`, `"name_prefix": "a b"`, `"name_prefix": "averyverylongname"`),
	variants("POST desktops", order,
		`"desktop_type": "FAST"`, `"image_type": "rare", "size": 1, "desktop_name": "r"`, `"size": 1`, `"desktop_name": "r"`, `"size": 1, "desktop_name": "-r"`, `"size": 1, "desktops": [{"user_name": "bob"}]`,
		`"size": 1, "desktop_name": "r", "desktop_ips": ["10.87.0.60", "10.87.0.61"]`, `"size": 1, "desktop_name": "r", "desktop_ips": ["x"]`, `"size": 1, "desktop_name": "r", "desktop_ips": ["10.1.1.1"]`,
		`"size": 2, "desktop_name": "r", "desktop_ips": ["10.87.0.60", "10.87.0.60"]`, `"size": 1, "desktop_name": "r", "desktop_name_policy_id": "{plain}"`, `"size": 1, "desktop_name_policy_id": "{by_person}"`,
		`"size": 1, "desktop_name_policy_id": "x"`, `"desktops": [{"user_name": "bob", "computer_name": "r"}, {"user_name": "cara", "computer_name": "R"}]`, `"desktops": [{"user_name": "bob", "user_group": "wheel"}]`, `"desktops": [{"user_name": "bob", "user_email": "x"}]`, `"desktops": []`, `"size": 1, "desktop_name": "r", "nics": [{"subnet_id": "1"}, {"subnet_id": "2"}]`,
		`"size": 1, "desktop_name": "r", "data_volumes": [{"type": "", "size": 10}]`, `"size": 1, "desktop_name": "r", "data_volumes": [{"type": "SSD", "size": 15}]`, `"size": 1, "desktop_name": "r", "data_volumes": [{"type": "SSD", "size": 5}]`,
		`"size": 1, "desktop_name": "r", "data_volumes": [{"type": "TAPE", "size": 10}]`, `"size": 1, "desktop_name": "r", "tags": [{"key": "", "value": "x"}]`, `"size": 1, "desktop_name": "r", "tags": [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]`,
		`"size": 1, "desktop_name": "r", "ou_name": "Nowhere"`, `"size": 1, "desktop_name": "r", "domain": "example.com"`, `"size": 1, "desktop_name": "r", "vpc_id": "x"`, `"size": 1, "desktop_name": "r", "enterprise_project_id": "`+long+`"`),
	variants("POST desktops/attach", ``,
		`"desktops": [{"desktop_id": "", "user_name": "bob"}]`, `"desktops": [{"desktop_id": "{spare1}"}]`, `"desktops": [{"desktop_id": "{spare1}", "user_name": "cara"}, {"desktop_id": "{spare1}", "user_name": "cara"}]`,
		`"desktops": [{"desktop_id": "{spare1}", "user_name": "cara", "computer_name": "-x"}]`, `"desktops": [{"desktop_id": "{spare1}", "user_name": "cara", "computer_name": "x-"}]`, `"desktops": [{"desktop_id": "{spare1}", "user_name": "cara", "computer_name": "a b"}]`,
		`"desktops": [{"desktop_id": "{spare1}", "user_name": "cara", "computer_name": "averyverylongname"}]`, `"desktops": [{"desktop_id": "{spare1}", "user_name": "cara", "computer_name": "cara"}]`,
		`"desktops": [{"desktop_id": "{spare1}", "attach_user_infos": [{"user_name": "lab", "type": "GROUP"}]}]`, `"desktops": [{"desktop_id": "{spare1}", "attach_user_infos": [{"user_name": "cara"}, {"user_name": "bob"}]}]`,
		`"desktops": [{"desktop_id": "{shared}", "attach_user_infos": [{"user_name": "cara"}, {"user_name": "CARA"}]}]`, `"desktops": [{"desktop_id": "{shared}", "attach_user_infos": [{"user_id": "{cara}"}, {"user_name": "cara"}]}]`,
		`"desktops": [{"desktop_id": "{shared}", "attach_user_infos": [{"user_name": "nobodies", "type": "GROUP"}]}]`, `"desktops": [{"desktop_id": "{shared}", "user_id": "x"}]`, `"desktops": [{"desktop_id": "{shared}", "user_id": "{cara}", "user_name": "bob"}]`,
		`"desktops": [{"desktop_id": "{shared}", "attach_user_infos": [{"user_name": ""}]}]`, `"desktops": [{"desktop_id": "{shared}", "user_name": "cara"}], "image_id": "{image}"`),
	variants("POST desktops/pre-batch-attach", `"desktops": [{"desktop_id": "{spare1}"}]`,
		`"users": [{"user_name": "eve"}]`, `"assign_model": {"priority_strategy": "USER_NO_DESKTOP"}`, `"users": [{"user_name": "eve"}], "assign_model": {"assign_dimension": "USER"}`,
		`"users": [{"user_name": "eve"}], "assign_model": {"assign_dimension": "X", "priority_strategy": "USER_NO_DESKTOP"}`, `"users": [{"user_name": "eve"}], "assign_model": {"priority_strategy": "USER_NO_DESKTOP", "desktop_assigin_user_num": 101}`,
		`"users": [{"user_name": "lab", "type": "GROUP"}], "assign_model": {"priority_strategy": "USER_NO_DESKTOP"}`, `"users": [{"user_name": "eve"}, {"user_name": "eve"}], "assign_model": {"priority_strategy": "USER_NO_DESKTOP"}`,
		`"users": [{"user_name": "eve"}, {"user_name": "bob"}], "assign_model": {"priority_strategy": "DESKTOP_ASSIGN_USER_PRIORITY"}`,
		`"users": [{"user_name": "eve"}], "assign_model": {"priority_strategy": "USER_FIXED_DESKTOP_NUM", "user_assigin_desktop_num": 2}`, `"users": [{"user_name": "eve"}, {"user_name": "lab", "type": "GROUP"}], "assign_model": {"priority_strategy": "DESKTOP_ASSIGN_USERS_OR_GROUPS"}`),
	variants("POST desktops/change-user-privilege-group", ``, `"desktops": []`, `"desktops": [{"desktop_id": "{shared}"}]`, `"desktops": [{"desktop_id": "x"}], "user_privilege_group": "sudo"`,
		`"desktops": [{"desktop_id": "{shared}"}, {"desktop_id": "{shared}"}], "user_privilege_group": "sudo"`, `"desktops": [{"desktop_id": ""}], "user_privilege_group": "sudo"`, `"desktops": [{"desktop_id": "{shared}", "attach_user_infos": [{"user_name": "cara"}]}]`),
	variants("PUT desktops/change-username", ``, `"old_username": "", "new_username": "x"`, `"old_username": "bob", "new_username": "xbob-005"`, `"old_username": "bob", "new_username": "a b"`, `"old_username": "bob", "new_username": "x", "new_user_domain": "example.com"`),
	variants("POST desktops/batch-detach", ``, `"desktops": [{"desktop_id": ""}]`),
	variants("POST desktop-pools", `"name": "R1", "type": "DYNAMIC", "size": 1, `+poolOrder,
		`"name": ""`, `"name": "-r"`, `"name": "`+long+`"`, `"product_id": ""`, `"image_id": ""`, `"product_id": "x"`, `"image_id": "x"`, `"image_type": "rare"`, `"description": "`+long+`"`, `"enterprise_project_id": "`+long+`"`,
		`"desktop_name_policy_id": "`+long+`"`, `"desktop_name_policy_id": "x"`, `"subnet_ids": [""]`, `"subnet_ids": ["{subnet}", "{subnet}"]`, `"subnet_ids": ["x"]`, `"vpc_id": "x"`, `"availability_zone": "x"`, `"security_groups": [{"id": "x"}]`,
		`"type": "STATIC", "disconnected_retention_period": 60`, `"disconnected_retention_period": 50000`, `"enable_autoscale": true, "autoscale_policy": {"max_auto_created": 0}`, `"autoscale_policy": {"autoscale_type": "ACCESS_CREATED", "max_auto_created": 100000}`,
		`"autoscale_policy": {"autoscale_type": "ACCESS_CREATED", "min_idle": -1}`, `"user_reset_policy": {"enable": true, "reset_count_per_day": 1000}`, `"root_volume": {"type": "", "size": 80}`, `"root_volume": {"type": "SAS", "size": 81}`,
		`"root_volume": {"type": "SAS", "size": 80, "kms_id": "x"}`, `"data_volumes": [{"type": "TAPE", "size": 10}]`, `"authorized_objects": [{"object_type": "USER", "object_id": ""}]`, `"authorized_objects": [{"object_type": "USER_GROUP", "object_id": "`+none+`"}]`,
		`"authorized_objects": [{"object_type": "USER", "object_id": "{bob}"}, {"object_type": "USER", "object_id": "{bob}"}]`, `"tags": [{"key": "", "value": "x"}]`),
	variants("PUT desktop-pools/{pool}", ``, `"root_volume": {"id": "x", "type": "SAS"}`, `"root_volume": {"id": "x", "type": ""}`, `"data_volumes": [{"id": "x", "type": "SAS"}]`, `"autoscale_policy": {"min_retention": -1}`, `"user_reset_policy": {"enable": true, "reset_count_per_day": -1}`,
		`"subnet_ids": []`, `"subnet_ids": ["x"]`, `"availability_zone": "x"`, `"ou_name": "Nowhere"`),
	variants("POST desktop-pools/{pool}/users", `"action": "ADD"`, `"objects": [{"object_type": "USER", "object_id": ""}]`, `"objects": [{"object_type": "USER_GROUP", "object_id": "`+none+`"}]`, `"objects": [{"object_type": "USER", "object_id": "{bob}", "object_name": "`+long+`"}]`,
		`"objects": [{"object_type": "USER", "object_id": "{eve}", "user_group": "wheel"}]`, `"objects": [{"object_type": "USER", "object_id": "{eve}"}, {"object_type": "USER", "object_id": "{eve}"}]`),
	variants("POST desktop-pools/{pool}/rebuild", `"image_id": "{image}"`, `"image_id": ""`, `"image_type": "rare"`, `"os_type": "Windows"`, `"desktop_ids": []`, `"order_id": "`+long+`"`, `"kms_id": "x"`, `"handle_type": "NEVER"`, `"message": "`+long+long+long+long+long+`"`),
	variants("POST desktop-pools/{pool}/resize", ``, `"product_id": ""`, `"product_id": "{product}", "mode": "WAIT"`, `"product_id": "{product}", "flavor_id": "x"`, `"product_id": "{product}", "desktop_ids": []`, `"product_id": "{product}", "desktop_ids": ["x"]`),
	variants("POST desktop-pools/{pool}/notifications", ``, `"notifications": "`+long+long+long+long+long+`"`),
	variants("POST desktop-pools/{pool}/action", `"op_type": "os-stop"`, `"type": "FIRM"`),
	variants("POST /v3/auth/tokens", ``,
		`"auth": {"identity": {"methods": ["password"], "password": {"user": {"password": "x", "domain": {"name": "carrel"}}}}}`, `"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": "admin", "password": "x"}}}}`,
		`"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": "admin", "domain": {"name": "carrel"}}}}}`, `"auth": {"identity": {"methods": ["token"], "token": {"id": "{token}"}}, "scope": {"project": {"id": "{project}"}, "domain": {"name": "carrel"}}}`,
		`"auth": {"identity": {"methods": ["token"], "token": {"id": "{token}"}}, "scope": {"domain": {"name": "other"}}}`, `"auth": {"identity": {"methods": ["token"], "token": {"id": "x"}}}`),
	variants("POST /v3.0/OS-CREDENTIAL/securitytokens", ``, `"auth": {"identity": {"methods": ["password"]}}`, `"auth": {"identity": {"methods": ["token"], "token": {"id": "{token}"}, "policy": {}}}`),
	[]step{
		{call: "GET workspaces", why: "with a client's token that is too long", head: "X-Client-Token: " + long},
		{call: "GET workspaces", why: "with a client's token of odd characters", head: "X-Client-Token: a b"},
		{call: "GET workspaces", why: "with half a signature", as: "nobody", head: "Authorization: SDK-HMAC-SHA256 x"},
		{call: "GET workspaces", why: "signed by an unknown key", as: "nobody", head: "Authorization: SDK-HMAC-SHA256 Access=AAAAAAAAAAAAAAAAAAAA, SignedHeaders=host;x-sdk-date, Signature=00"},
		{call: "GET desktops?tag=team", why: "by half a tag"},
		{call: "GET users/{cara}/random-password?notification_type=sms", why: "by a way that is not offered"},
		{call: "POST desktop-pools/{own_pool}/shrink", why: "by more than there are", body: `{"size": 5}`},
		{call: "POST users/desktop-users/action/import", file: "people.csv", why: "with a column twice", body: "User name,User name\nx,y\n"},
		{call: "POST users/desktop-users/action/import", file: "people.csv", why: "without names", body: "Email\nx@example.com\n"},
		{call: "POST users/desktop-users/action/import?subnet_id=x", file: "people.csv", why: "for an unknown subnet", body: "User name\nx\n"},
		{call: "POST users/desktop-users/action/import?vpc_id=x", file: "people.csv", why: "for an unknown network", body: "User name\nx\n"},
		{call: "POST users/desktop-users/action/import?vpc_id={vpc}&subnet_id={subnet}", file: "people.csv", why: "with rows of every fault", body: "User name,Email,Permission group,Desktop name,Desktop IP\n" +
			"ann,a@example.com,,,\npat,p@example.com,,lab-01,\nquin,q@example.com,,twin,\nrob,r@example.com,,TWIN,\nsue,s@example.com,,,x\ntom,t@example.com,,,10.1.1.1\npat,p@example.com,,,\n"},
	},
)

// variants are the same call with fields added to its body, each in turn. A field that is listed twice has its last value.
func variants(call, body string, fields ...string) []step {
	all := make([]step, len(fields))
	for i, field := range fields {
		if body != "" && field != "" {
			field = ", " + field
		}
		all[i] = step{call: call, body: "{" + body + field + "}"}
	}
	return all
}
