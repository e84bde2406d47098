package overlay

func auditTrail() Area {
	const exact = "Exact"
	return Area{
		Name: "audit", File: "audit",
		Operations: []Operation{
			{
				ID: "ListAuditRecords", Handler: "listAuditRecords", Action: "workspace:auditRecords:list", Summary: "List who changed what, and which requests were refused, newest first",
				Query: Fields{
					"actor_id":      {Doc: "Id of an administrator or user"},
					"actor_name":    {Doc: exact},
					"operation":     {Doc: "As DeleteDesktop"},
					"action":        {Doc: "As workspace:desktops:delete"},
					"resource_type": {Doc: "As desktop, user, pool"},
					"resource_id":   {Doc: exact},
					"request_id":    {Doc: "The header X-Request-Id of the response"},
					"start_time":    {Doc: "Not before. " + moment},
					"end_time":      {Doc: "Before. " + moment},
					"offset":        offset(),
					"limit":         limited(1000, "100"),
				},
			},
		},
		Types: map[string]Fields{
			"AuditRecord": {
				"actor_id":      {Doc: "Empty for Carrel itself"},
				"actor_name":    {Doc: "As it was then"},
				"credential":    {Doc: "token, access_key, temporary_key, session (of the portal) or password_link", Sparse: true},
				"address":       {Doc: "Of the client", Sparse: true},
				"action":        {Doc: "The permission that the operation needs", Sparse: true},
				"resource_type": {Doc: "Empty if the request named no single resource", Sparse: true},
				"resource_id":   {Sparse: true},
				"resource_name": {Doc: "As it was then", Sparse: true},
				"result":        {Doc: "success: the change is stored; refused: the caller's error; failed: the server's"},
				"error_code":    {Sparse: true},
				"error_msg":     {Sparse: true},
				"job_id":        {Doc: "The job that carries the change out", Sparse: true},
				"changes":       {Doc: "The fields that changed, without secrets; long values are shortened", Sparse: true},
			},
			"AuditChange": {
				"old": {Doc: "Absent for what is new", Sparse: true},
				"new": {Doc: "Absent for what was deleted", Sparse: true},
			},
		},
	}
}
