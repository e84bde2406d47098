package overlay

func files() Area {
	const task = "Fetch the file with DownloadExportFile, within 7 days"
	languages := []string{"zh_CN", "en_US"}
	activations := []string{"USER_ACTIVATE", "ADMIN_ACTIVATE"}
	return Area{
		Name: "files", File: "files",
		Operations: []Operation{
			{
				ID: "ImportUserList", Handler: "importUsers", Action: "workspace:users:import", Jobs: []string{"hashPasswords"}, Summary: "Import users from a file; invalid rows are reported, valid ones imported",
				Query: Fields{"vpc_id": {Doc: "With or without subnet_id: where the addresses of desktops in the file must be"}},
			},
			{
				ID: "ExportUserListTemplate", Handler: "desktopUsersTemplate", Action: "workspace:users:exportTemplate", Summary: "Download the import template for users with desktops",
				File: true,
				Query: Fields{
					"language": {Enum: languages, Default: "en_US"},
					"os_type":  {Enum: []string{"Linux", "Windows"}, Default: "Linux", Doc: "The user whose permission groups are listed"},
				},
			},
			{
				ID: "ExportUsersTemplate", Handler: "usersTemplate", Action: "workspace:users:exportTemplate", Summary: "Download the import template for users",
				File: true,
				Query: Fields{
					"language":    {Enum: languages, Default: "en_US"},
					"active_type": {Enum: activations, Default: "USER_ACTIVATE", Doc: "ADMIN_ACTIVATE adds a column for passwords"},
				},
			},
			{ID: "ExportUsersNew", Handler: "exportUsers", Action: "workspace:users:export", Summary: "Export users to a file", Bodyless: true},
			{
				ID: "ExportUserGroups", Handler: "exportGroups", Action: "workspace:userGroups:export", Summary: "Export user groups",
				File: true,
				Query: Fields{
					"keyword": {Doc: "Part of the name or the description"},
					"limit":   limited(50, "50"),
					"offset":  offset(),
				},
			},
			{
				ID: "ExportUserGroupUsersNew", Handler: "exportMembers", Action: "workspace:userGroups:exportUsers", Summary: "Export the users of a group to a file",
				Query: Fields{
					"user_name":   {Doc: "Part of the name"},
					"description": {Doc: "Part of the description"},
					"group_name":  {Doc: "Part of the name of another group of the user"},
				},
			},
			{
				ID: "ListExportTasks", Handler: "listExports", Action: "workspace:exportTasks:list", Summary: "List exports",
				Query: Fields{
					"file_name":   {Doc: "Part of the name"},
					"status":      {Doc: "Files are created within the call, so none is CREATING or FAIL"},
					"is_download": {Present: true},
					"sort_field":  {Default: "create_time"},
					"sort_type":   {Default: "DESC"},
					"offset":      offset(),
				},
			},
			{ID: "DownloadExportFile", Handler: "downloadExport", Action: "workspace:exportTasks:download", Summary: "Download an export", File: true},
			{ID: "DeleteExportTasks", Handler: "deleteExports", Action: "workspace:exportTasks:batchDelete", Summary: "Delete exports"},
		},
		Types: map[string]Fields{
			"ImportUserListResponse": {
				"user_detail_list":              {Doc: "Users who were created or existed already"},
				"failed_detail_list":            {Doc: "Invalid rows; the description gives the reason, with line and column"},
				"job_id":                        {Sparse: true, Doc: "The job that hashes the passwords of the file, if it has any; users can sign in before it has ended"},
				"error_code":                    {Omit: "refusals have it"},
				"error_msg":                     {Omit: "refusals have it"},
				"error_detail":                  {Omit: "refusals have it"},
				"encoded_authorization_message": {Omit: "refusals have it"},
			},
			"DesktopUserDetail": {"id": {Sparse: true}},
			"ExportUsersNewReq": {
				"user_name":   {InRoom: "none holds: a name may be a mail address, of which this is a part", Doc: "Part of the name"},
				"user_names":  {Doc: "Exact names"},
				"description": {Doc: "Part of the description"},
				"active_type": {Enum: activations},
				"language":    {Enum: languages},

				"enterprise_project_id": {Filters: true, Doc: "Only users in it"},
			},
			"ExportUsersNewResponse":          {"task_id": {Doc: task}},
			"ExportUserGroupUsersNewResponse": {"task_id": {Doc: task}},
			"ExportTaskItem": {
				"status":      {Enum: []string{"SUCCESS", "EXPIRED"}},
				"fail_reason": {Omit: "files are created within the call: what fails answers there"},
				"error_code":  {Omit: "files are created within the call: what fails answers there"},
			},
			"DeleteExportTaskRequestBody": {"task_ids": {Needed: true, Doc: "1 to 100"}},
		},
	}
}
