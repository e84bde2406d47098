package recording

var statistics = []step{
	{call: "GET desktops/statistics/run-state"},
	{call: "GET desktops/statistics/login-state"},
	{call: "GET statistics"},
	{call: "GET statistics?desktop_type=DEDICATED&statistics_type=run-state", why: "of one kind"},
	{call: "GET statistics?statistics_type=attach-state&desktop_pool_ids={pool}&desktop_pool_ids=" + none, why: "of a pool and one that is unknown"},
	{call: "GET statistics?statistics_type=colour", why: "of an unknown kind"},
	{call: "GET desktops/statistics/unused?limit=1000", why: "over the limit"},
	{call: "GET desktops/statistics/unused?start_time=yesterday", why: "since an unknown time"},
	{call: "GET desktops/statistics/unused?start_time=2020-01-01T00:00:00Z&end_time=2020-01-02T00:00:00Z", why: "before any was there"},
	{call: "POST desktops/statistics/used", why: "before any was there", body: `{"start_time": "2020-01-01T00:00:00Z", "end_time": "2020-01-02T00:00:00Z", "group_by_type": "HOUR"}`},
	{call: "POST desktops/statistics/used", why: "for too long", body: `{"start_time": "2020-01-01T00:00:00Z", "end_time": "2022-01-02T00:00:00Z"}`},
	{call: "POST desktops/statistics/used", why: "by an unknown unit", body: `{"group_by_type": "WEEK"}`},
}
