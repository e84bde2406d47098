package overlay

// Why fields of scripts are refused.
const (
	needsWindows = "POWERSHELL and BAT need Windows; use SHELL"
	noPreStart   = "no step before a script is offered; start desktops with BatchRunDesktops first"
)

func scripts() Area {
	page := Fields{"offset": offset(), "limit": limited(100, "10")}
	script := Fields{
		"name":        {Doc: "1 to 64 characters"},
		"description": {Doc: "At most 255 characters"},
		"content":     {Doc: "1 to 65536 bytes; its first line may name the interpreter (#!), otherwise /bin/sh runs it"},
		"version":     {Doc: "In your own words; at most 64 characters"},
	}
	record := Fields{
		"status":        {Doc: "WAITING, RUNNING, SUCCESS, FAILED or SKIPPED"},
		"resource_type": {Doc: "DESKTOP"},
		"start_time":    {Sparse: true},
		"end_time":      {Sparse: true},
		"execute_order": {Doc: "0: no batches; 1: the first batch; 2: those after it"},
		"result_code":   {Doc: "The script's status, or TIMEOUT, STOPPED, LOST, ERROR, NOT_RUNNING, NO_SINGLE_USER or AFTER_FAILURE"},
		"output":        {Doc: "Standard output and error; of a long one 32768 bytes at each end"},
	}
	return Area{
		Name: "scripts", File: "scripts",
		Operations: []Operation{
			{ID: "CreateScript", Handler: "createScript", Action: "workspace:scripts:create", Summary: "Create a script"},
			{ID: "ListScripts", Handler: "listScripts", Action: "workspace:scripts:list", Summary: "List scripts", Query: merged(page, Fields{"name": {Doc: "Part of the name"}})},
			{
				ID: "ShowScriptDetail", Handler: "showScript", Action: "workspace:scripts:get", Summary: "Show a script with its content",
				Query: Fields{"script_task_id": {Doc: "The script as this task runs it"}},
			},
			{ID: "UpdateScript", Handler: "updateScript", Action: "workspace:scripts:update", Summary: "Update a script; tasks that exist run it as it was"},
			{ID: "DeleteScript", Handler: "deleteScript", Action: "workspace:scripts:delete", Summary: "Delete a script that no task is running"},
			{ID: "ExecuteScriptOrCommand", Handler: "executeScript", Action: "workspace:scripts:execute", Jobs: []string{"executeScripts"}, Summary: "Run scripts or a command in desktops"},
			{ID: "ExecuteScriptByDesktopTag", Handler: "executeScriptByTag", Action: "workspace:scripts:executeByDesktopTag", Jobs: []string{"executeScripts"}, Summary: "Run scripts or a command in the desktops with a tag"},
			{ID: "ExecuteDesktopPoolScript", Handler: "executePoolScript", Action: "workspace:desktopPools:executeScripts", Jobs: []string{"executeScripts"}, Summary: "Run scripts or a command in a pool's desktops"},
			{ID: "RetryScriptExecution", Handler: "retryScript", Action: "workspace:scripts:retry", Jobs: []string{"executeScripts"}, Summary: "Run again what did not succeed of an ended task"},
			{ID: "StopScriptExecution", Handler: "stopScript", Action: "workspace:scripts:stop", Summary: "Stop a task, or one script in one desktop"},
			{
				ID: "ListScriptTasks", Handler: "listScriptTasks", Action: "workspace:scripts:listTasks", Summary: "List tasks, the newest first",
				Query: merged(page, taskFilters(), Fields{
					"status":              {Enum: []string{"INIT", "RUNNING", "FINISH", "FAILED"}},
					"resource_group_type": {Enum: []string{"DESKTOP_POOL"}, Doc: "Only tasks for pools"},
					"resource_group_id":   {Doc: "Pools"},
				}),
			},
			{
				ID: "ShowDesktopPoolsScriptExecTasks", Handler: "listPoolScriptTasks", Action: "workspace:desktopPools:listScriptTasks", Summary: "List tasks for pools, the newest first",
				Query: merged(page, taskFilters(), Fields{
					"status": {Enum: []string{"SUCCESS", "FAILED", "RUNNING", "WAITING", "INIT", "FINISH"}, Doc: "SUCCESS is FINISH, and WAITING is INIT"},
				}),
			},
			{
				ID: "ListScriptRecords", Handler: "listScriptRecords", Action: "workspace:scripts:listRecords", Summary: "List what came of scripts in desktops",
				Query: merged(page, timeFilters(), Fields{
					"resource_id":       {Doc: "Desktops"},
					"resource_group_id": {Doc: "Pools"},
					"script_name":       {Doc: "The whole name"},
					"status":            {Enum: []string{"WAITING", "RUNNING", "SUCCESS", "FAILED", "SKIPPED"}},
					"task_type":         {Enum: []string{"SCRIPT", "COMMAND"}},
					"is_first_order":    {Present: true, Doc: "Only records of the first batch, or only others"},
					"show_history":      {Doc: "All records; needs resource_id and script_id. Otherwise each desktop's latest of each script, or all of script_task_id"},
				}),
			},
			{ID: "ShowScriptRecordDetail", Handler: "showScriptRecord", Action: "workspace:scripts:getRecordDetail", Summary: "Show what came of a script in a desktop, with its output"},
		},
		Types: map[string]Fields{
			"CreateScriptReq":                merged(script, Fields{"type": {Refuse: needsWindows, Unless: "SHELL", Doc: "SHELL"}}),
			"UpdateScriptReq":                merged(script, Fields{"name": {Loose: true}, "content": {Loose: true}}),
			"ExecuteScriptOrCommandReq":      merged(execution("resource", "command"), Fields{"resource_type": {Enum: []string{"DESKTOP"}}, "resource_ids": {Doc: "1 to 500 desktops"}, "resource_group_id": {Doc: "A pool; without resource_ids all its desktops"}}),
			"ExecuteScriptByDesktopTagReq":   merged(execution("desktop", "command_content"), Fields{"desktop_tag": {Doc: "key=value; several, separated by commas, must all be there"}}),
			"ExecuteDesktopPoolScriptsReq":   merged(execution("desktop", "command_content"), Fields{"desktop_ids": {Doc: "1 to 500 of its desktops; all if absent"}}),
			"RetryScriptExecutionReq":        {"record_id": {Doc: "One script in one desktop, with those after it there"}, "task_id": {Doc: "Instead of record_id"}},
			"StopScriptExecutionReq":         {"record_id": {Doc: "One script in one desktop"}, "task_id": {Doc: "Instead of record_id"}},
			"ScriptTaskInfo":                 {"start_time": {Doc: "When it was ordered"}, "end_time": {Sparse: true}, "gray_resource_ids": {Doc: "The first batch"}, "success_num": {Doc: "Records, as are the others"}},
			"ScriptExecutionTask":            {"end_time": {Sparse: true}, "command_content": {Sparse: true}, "command_type": {Sparse: true}},
			"ScriptRecordSimpleInfo":         without(record, "output"),
			"ShowScriptRecordDetailResponse": record,
		},
	}
}

func timeFilters() Fields {
	return Fields{"execute_time_start": {Doc: "Ordered at or after this time, such as 2026-10-01T12:00:00Z"}, "execute_time_end": {Doc: "Ordered at or before this time"}}
}

func taskFilters() Fields {
	return merged(timeFilters(), Fields{"script_name": {Doc: "Part of the name"}, "task_type": {Enum: []string{"SCRIPT", "COMMAND"}}})
}

// execution are the fields of a request to run scripts. ids are called <noun>_ids and gray_<noun>_ids.
func execution(noun, command string) Fields {
	return Fields{
		"script_ids":            {Doc: "1 to 10, run in this order in each desktop until one fails"},
		command:                 {Doc: "Instead of script_ids; 1 to 65536 bytes"},
		"command_type":          {Refuse: needsWindows, Unless: "SHELL", Doc: "SHELL"},
		"run_as":                {Doc: "ROOT (default), or USER: the desktop's user, if it has exactly one"},
		"execution_timeout":     {Doc: "Minutes for each script, 1 to 600"},
		"gray_count":            {Doc: "So many desktops, those that are on before others, run it before the rest"},
		"gray_" + noun + "_ids": {Doc: "These desktops run it before the rest, unless gray_count is given"},
		"gray_fail_threshold":   {Doc: "If so many of the first batch fail, the rest does not run it; 0 (default) means 1"},
		"pre_start":             {Refuse: noPreStart},
		"post_finish":           {Doc: "stop or reboot: what is done with a desktop where all scripts succeeded"},
	}
}

// without is fields less one.
func without(fields Fields, name string) Fields {
	rest := merged(fields)
	delete(rest, name)
	return rest
}
