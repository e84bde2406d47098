package recording

const inProject = "X-Project-Id: {project}"

var cloudImages = []step{
	{call: "GET /v2/cloudimages", as: "key", head: inProject},
	{call: "GET /v2/cloudimages?__imagetype=market&__os_type=Linux&limit=1&sort_key=name&sort_dir=asc", why: "as Terraform looks for one", as: "key", head: inProject},
	{call: "GET /v2/cloudimages?marker={image}", why: "after the last", as: "key", head: inProject},
	{call: "GET /v2/cloudimages?marker=x", why: "after one that there is not", as: "key", head: inProject},
	{call: "GET /v2/cloudimages?created_at=soon", why: "by no time", as: "key", head: inProject},
	{call: "GET /v2/cloudimages", why: "of no project", as: "key"},
	{call: "GET /v2/images", as: "key", head: inProject},
	{call: "GET /v2/images/{image}", as: "key", head: inProject},
	{call: "GET /v2/images/x", why: "that there is not", as: "key", head: inProject},
	{call: "GET /v1/cloudimages/os_version", as: "key", head: inProject},
	{call: "PATCH /v2/cloudimages/{image}", why: "that is gold", as: "key", head: inProject, body: `[{"op": "replace", "path": "/name", "value": "mine"}]`},
	{call: "PATCH /v2/cloudimages/{image}", why: "of what cannot be changed", as: "key", head: inProject, body: `[{"op": "replace", "path": "/status", "value": "x"}]`},
	{call: "DELETE /v2/images/{image}", why: "that is gold", as: "key", head: inProject},
	{call: "POST /v1/cloudimages/members", why: "of a gold image", as: "key", head: inProject, body: `{"images": ["{image}"], "projects": []}`},
	{call: "PUT /v1/cloudimages/members", why: "of what is not shared", as: "key", head: inProject, body: `{"images": ["{image}"], "project_id": "{project}", "status": "accepted"}`},
	{call: "DELETE /v1/cloudimages/members", why: "of a gold image", as: "key", head: inProject, body: `{"images": ["{image}"], "projects": ["x"]}`},
}
