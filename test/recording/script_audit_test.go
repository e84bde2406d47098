package recording

// auditTrail reads who did what before. Records of one transaction have the same time, so that their order follows ids.
var auditTrail = []step{
	{call: "GET audit-records?operation=AddOu", sort: "records"},
	{call: "GET audit-records?resource_type=desktop&resource_id={shared}&operation=BatchRunDesktops", why: "of a desktop", sort: "records"},
	{call: "GET audit-records?actor_name=ann&limit=3", why: "of a user", sort: "records"},
	{call: "GET audit-records?result=refused&action=workspace:ou:delete", sort: "records"},
	{call: "GET audit-records?start_time=1970-01-01T00:00:00Z&end_time=1970-01-02T00:00:00Z", why: "before there was anything"},
	{call: "GET audit-records?limit=0", why: "the number alone", free: "total_count"},
	{call: "GET audit-records?request_id=recording-2", why: "the identity API is of no project"},
	{call: "GET audit-records?result=maybe"},
	{call: "GET audit-records?start_time=yesterday"},
	{call: "GET audit-records?start_time=2026-01-02T00:00:00Z&end_time=2026-01-01T00:00:00Z", why: "the wrong way round"},
	{call: "GET audit-records?limit=1001"},
}
