package recording

import "slices"

// faultOfCode says that an operation answered with an error that its description does not list.
func (o describedOperation) faultOfCode(code string) []string {
	if code == "" || slices.Contains(o.Errors, code) {
		return nil
	}
	return []string{"the error " + code + " is not in x-errors"}
}

// checkSubJobs fails for a call that made a job of a type which the description of its operation does not list.
func (p *player) checkSubJobs() {
	p.Helper()
	if p.table.described == nil {
		return
	}
	byRequest := map[string]string{}
	for _, m := range p.made {
		byRequest[m.requestID] = m.operation
	}
	described := map[string]describedOperation{}
	for _, o := range p.table.described.operations() {
		described[o.ID] = o
	}
	for _, job := range readRows(p.T, p.db, "SELECT type, request_id FROM jobs") {
		operation := byRequest[job["request_id"]]
		o, is := described[operation]
		if !is || o.ID == "RunActionsOnWorkspaceJob" { // which begins a job again
			continue
		}
		if !slices.Contains(o.SubJobs, job["type"]) {
			p.Errorf("%s made a job of the type %s, which is not in x-sub-jobs", operation, job["type"])
		}
	}
}
