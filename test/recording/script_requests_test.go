package recording

// requests are repeated with a client's token, or change nothing.
var requests = []step{
	{call: "POST groups", head: "X-Client-Token: crew-1", body: `{"group_name": "Crew", "platform_type": "LOCAL", "description": "d"}`},
	{call: "POST groups", why: "the same again, in another form", head: "X-Client-Token: crew-1", body: `{"description": "d",  "platform_type": "LOCAL", "group_name": "Cr\u0065w"}`},
	{call: "POST groups", why: "another under the same token", head: "X-Client-Token: crew-1", body: `{"group_name": "Crews", "platform_type": "LOCAL"}`},
	{call: "GET groups?keyword=Crew", keep: "crew=user_groups.0.id"},
	{call: "DELETE groups/{crew}", why: "with nothing to answer", head: "X-Client-Token: crew-2"},
	{call: "DELETE groups/{crew}", why: "the same again", head: "X-Client-Token: crew-2"},
	{call: "DELETE groups/{crew}", why: "again without the token"},
	{call: "POST desktops", why: "as a dry run", head: "X-Dry-Run: true", body: `{` + order + `, "desktops": [{"user_name": "uma", "user_email": "uma@example.com", "computer_name": "umas"}, {"user_name": "yan", "user_email": "yan@example.com"}]}`},
	{call: "POST desktop-pools", why: "as a dry run", head: "X-Dry-Run: true", body: `{"name": "DRY", "type": "DYNAMIC", "size": 2, ` + poolOrder + `}`},
	{call: "POST users", why: "as a dry run", head: "X-Dry-Run: true", body: `{"user_name": "uma", "user_email": "uma@example.com"}`},
	{call: "POST users", why: "as a dry run that is refused", head: "X-Dry-Run: true", body: `{"user_name": "a b", "user_email": "uma@example.com"}`},
	{call: "POST users", why: "as perhaps a dry run", head: "X-Dry-Run: perhaps", body: `{"user_name": "uma", "user_email": "uma@example.com"}`},
	{call: "POST users", why: "with half a character", body: `{"user_name": "uma", "user_email": "\ud800@example.com"}`},
	{call: "GET users?user_name=%ff", why: "of bytes that are not UTF-8"},
	{call: "GET /v3/projects?name=%ff", why: "of bytes that are not UTF-8"},
	{call: "POST /v3.0/OS-CREDENTIAL/credentials", why: "as a dry run", head: "X-Dry-Run: true", body: `{}`},
	{call: "GET users", why: "of which none is new", sort: "users"},
}
