package recording

// script is the whole of it, in order: later chapters use what earlier ones made.
var script = []chapter{
	{"Identity", identity},
	{"Catalog", catalog},
	{"People", people},
	{"Groups", groups},
	{"Name policies", namePolicies},
	{"Organisational units", units},
	{"Files", files},
	{"Desktops", desktops},
	{"Assignment", assignment},
	{"Portal", portal},
	{"Changes of desktops", desktopChanges},
	{"Images of desktops", desktopImages},
	{"Pools", pools},
	{"Changes of pools", poolChanges},
	{"What people do with pools", portalPools},
	{"Scripts", scripts},
	{"Jobs", jobs},
	{"Refusals", refusals},
	{"Tags", tags},
	{"Volumes", volumes},
	{"Snapshots", snapshots},
	{"Orders", orders},
	{"Statistics", statistics},
	{"Clean-up", cleanUp},
	{"Enterprise projects", enterprises},
	{"Permissions", permissionsOfCallers},
	{"Audit", auditTrail},
	{"Requests", requests},
	{"How users sign in", signInConfig},
	{"Service", service},
	{"Cloud images", cloudImages},
	{"Networks", networks},
	{"Public addresses", addresses},
}

// none is the id of nothing.
const none = "00000000-0000-4000-8000-000000000000"
