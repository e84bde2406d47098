package overlay

func statistics() Area {
	const (
		leaving = "; a desktop counts with the state that it leaves, one that is being created with none"
		shut    = "In maintenance mode and without a session"
	)
	sessions := Fields{
		"in_use_num":            {Doc: "Somebody is connected"},
		"unregistered_num":      {Doc: "Off, or not ready"},
		"unable_to_connect_num": {Doc: shut},
		"ready_num":             {Doc: "Ready, and nobody has connected yet"},
		"disconnected_num":      {Doc: "The session goes on without a display"},
	}
	counts := Fields{"attach_statistics": {Present: true}, "run_state_statistics": {Present: true}, "login_state_statistics": {Present: true}}
	power := Fields{
		"stop_num":       {Doc: "Off" + leaving},
		"active_num":     {Doc: "Running" + leaving},
		"error_num":      {Doc: "In ERROR"},
		"hibernated_num": {Doc: "Hibernated" + leaving},
	}
	return Area{
		Name: "statistics and monitoring", File: "statistics",
		Operations: []Operation{
			{ID: "ListRunState", Handler: "countRunStates", Action: "workspace:desktops:listRunState", Summary: "Count desktops by power state"},
			{ID: "ListLoginState", Handler: "countLoginStates", Action: "workspace:desktops:listLoginState", Summary: "Count desktops by the state of their session"},
			{
				ID: "ListDesktopsStatistics", Handler: "countDesktops", Action: "workspace:desktops:listStatistics", Summary: "Count desktops by assignment, session and power state",
				Query: Fields{
					"desktop_type":     {Enum: []string{"DEDICATED", "SHARED", "POOLED"}, Doc: "Only desktops of these types"},
					"statistics_type":  {Enum: []string{"attach-state", "login-state", "run-state"}, Doc: "Only these counts; all if absent"},
					"desktop_pool_ids": {Max: new(100), Doc: "Only desktops of these pools, each of which is counted on its own, too"},
				},
			},
			{
				ID: "ListUsedDesktopInfo", Handler: "listUsedDesktops", Action: "workspace:desktops:listUsed", Reads: true,
				Summary: "List how long users were connected to desktops, by day or hour",
			},
			{
				ID: "ListUnusedDesktops", Handler: "listUnusedDesktops", Action: "workspace:desktops:listUnused", Summary: "List desktops that nobody was connected to",
				Query: Fields{
					"start_time": {Doc: "Not before; 30 days before end_time if absent. " + moment},
					"end_time":   {Doc: "Before; now if absent. " + moment},
					"limit":      limited(100, "100"),
					"offset":     offset(),
				},
			},
		},
		Types: map[string]Fields{
			"ListUsedDesktopInfoReq": {
				"desktop_ids":         {Max: new(100), Doc: "Only these desktops"},
				"start_time":          {Doc: "Not before; 7 days before end_time if absent, or one day by HOUR. " + moment},
				"end_time":            {Doc: "Before; now if absent; at most 366 days after start_time, or 366 hours by HOUR. " + moment},
				"group_by_type":       {Doc: "DAY if absent"},
				"limit":               {Doc: "100 if absent or 0"},
				"desktop_username":    {Doc: "Only this user, ignoring case"},
				"desktop_user_domain": {Refuse: "users are not told apart by domains; leave it out", Unless: "carrel.local"},
			},
			"DesktopUsedHoursInfo": {"desktop_username": {Doc: "The name that the user had then"}},
			"DesktopUsedInfo": {
				"date":     {Doc: "When the day or hour begins, in UTC"},
				"use_time": {Doc: "Hours, with two decimals; displays that were open at once count once"},
			},
			"UnusedDesktopInfo":         {"disconnect_time": {Sparse: true, Doc: "When the last user disconnected; absent if there was none, or longer ago than sessions are kept"}},
			"ListLoginStateResponse":    sessions,
			"DesktopLoginStatisticsRsp": sessions,
			"ListRunStateResponse":      power,
			"DesktopRunStatisticsRsp":   power,
			"ListDesktopsStatisticsResponse": merged(counts, Fields{
				"desktop_pool_statistics": {Doc: "Of each of desktop_pool_ids, in that order; an unknown pool has none"},
			}),
			"DesktopPoolStatistics": counts,
			"AttachStatistics": {
				"attached_num":     {Doc: "Assigned to a user or a group"},
				"attaching_num":    {Doc: "Being assigned"},
				"attach_error_num": {Omit: "an assignment that failed is tried again, or its desktop is as before"},
			},
		},
	}
}
