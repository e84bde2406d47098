package recording

var jobs = []step{
	{call: "GET workspace-jobs/{job1}"},
	{call: "GET workspace-jobs/x", why: "of an unknown job"},
	{call: "GET workspace-jobs/{failed_job}", why: "that failed", sort: "sub_jobs"},
	{call: "POST workspace-jobs/{failed_job}/actions", why: "try again", body: `{"op_type": "retry"}`},
	{call: "POST workspace-jobs/{job1}/actions", why: "of one that did not fail", body: `{"op_type": "retry"}`},
	{call: "POST workspace-jobs/{failed_job}/actions", why: "of an unknown kind", body: `{"op_type": "stop"}`},
	{call: "POST workspace-jobs/x/actions", why: "of an unknown job", body: `{"op_type": "retry"}`},
	{call: "GET workspace-sub-jobs?job_id={job1}"},
	{call: "GET workspace-sub-jobs?job_type=createDesktops&status=SUCCESS"},
	{call: "GET workspace-sub-jobs?status=FAILED", sort: "jobs"},
	{call: "GET workspace-sub-jobs?job_id={once_job}", why: "to be forgotten", keep: "once_sub=jobs.0.id"},
	{call: "GET workspace-sub-jobs?desktop_pool_id={pool}&job_type=createDesktopPool"},
	{call: "GET workspace-sub-jobs?limit=1001", why: "over the limit"},
	{call: "POST workspace-sub-jobs/batch-delete", body: `{"job_ids": ["{once_sub}"]}`},
	{call: "POST workspace-sub-jobs/batch-delete", why: "again", body: `{"job_ids": ["{once_sub}"]}`},
	{call: "POST workspace-sub-jobs/batch-delete", why: "by ids and state", body: `{"job_ids": ["{once_sub}"], "delete_by_status": "SUCCESS"}`},
	{call: "POST workspace-sub-jobs/batch-delete", why: "by state", body: `{"delete_by_status": "FAILED"}`},
	{call: "POST workspace-sub-jobs/batch-delete", why: "of none", body: `{}`},
}

var cleanUp = []step{
	{call: "GET desktop-pools/{own_pool}/desktops?sort_field=computer_name", keep: "own1=pool_desktops.0.desktop_id"},
	{call: "PUT desktop-pools/{own_pool}", why: "that no longer grows", body: `{"enable_autoscale": false}`},
	{call: "POST desktops/batch-delete", why: "of a pool's desktop", body: `{"desktop_ids": ["{own1}"]}`},
	{call: "POST desktop-pools", why: "that is to go", body: `{"name": "Brief", "type": "DYNAMIC", "size": 1, ` + poolOrder + `}`},
	{call: "GET desktop-pools?name=Brief", keep: "brief=desktop_pools.0.id"},
	{call: "POST desktop-pools/{brief}/shrink", body: `{"size": 1}`},
	{call: "DELETE desktop-pools/{brief}"},
	{call: "DELETE desktop-pools/{brief}", why: "again"},
	{call: "DELETE groups/{lab}", why: "that has a desktop and may use a pool"},
	{call: "DELETE users/{ann}", why: "who has a desktop"},
	{call: "GET desktops", why: "at the end", sort: "desktops"},
	{call: "GET users", why: "at the end"},
}
