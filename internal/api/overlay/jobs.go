package overlay

func jobs() Area {
	return Area{
		Name: "jobs", File: "jobs",
		Operations: []Operation{
			{ID: "ShowJob", Handler: "showJob", Action: "workspace:jobs:get", Summary: "Show a job with its sub-jobs"},
			{ID: "RunActionsOnWorkspaceJob", Handler: "retryJob", Action: "workspace:jobs:retry", Summary: "Retry the failed sub-jobs of a job"},
			{
				ID: "ListItaSubJobs", Handler: "listSubJobs", Action: "workspace:subJobs:list", Summary: "List sub-jobs",
				Query: Fields{
					"status":   {Enum: []string{"WAITING", "RUNNING", "SUCCESS", "FAILED"}},
					"job_type": {Doc: "createDesktops, deleteDesktops, operateDesktops, ..."},
					"limit":    limited(1000, "1000"),
					"offset":   offset(),
				},
			},
			{ID: "BatchDeleteSubJobs", Handler: "deleteSubJobs", Action: "workspace:subJobs:batchDelete", Summary: "Delete the records of ended sub-jobs"},
		},
		Types: map[string]Fields{
			"ShowJobResponse": {
				"end_time":       {Doc: "Empty until all sub-jobs have ended"},
				"status":         {Enum: []string{"WAITING", "RUNNING", "SUCCESS", "FAIL"}},
				"job_error_code": {Sparse: true, Doc: "Of the first failed sub-job"},
				"fail_reason":    {Sparse: true},
				"order_id":       {Sparse: true, Doc: "Order id of the rebuild, if it had one"},
			},
			"JobDetailInfo": {
				"status":      {Enum: []string{"WAITING", "RUNNING", "SUCCESS", "FAILED"}},
				"fail_reason": {Doc: "The error and its remedy"},
				"remark":      {Sparse: true, Doc: "How the result of a successful sub-job differs from the request"},
				"step":        {Sparse: true, Doc: "The present step"},
				"process":     {Doc: "Percent"},
				"entity":      {Doc: "The computer name"},
			},
			"JobActionsReq":                    {"op_type": {Enum: []string{"retry"}}},
			"RunActionsOnWorkspaceJobResponse": {"job_id": pollable()},
			"DeleteSubJobsReq": {
				"job_ids":          {Doc: "Sub-jobs; at most 1000"},
				"delete_by_status": {Doc: "Instead of job_ids: SUCCESS or FAILED"},
			},
		},
	}
}

// pollable is the id of the job that does what was asked for.
func pollable() Field { return Field{Doc: "Poll it with ShowJob or ListItaSubJobs"} }
