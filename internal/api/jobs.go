package api

import (
	"context"
	"net/http"

	"carrel/internal/iam"
	"carrel/internal/workspace"
)

func (s *Server) jobOperations() []operation {
	const jobs, subJobs = "/v2/{project_id}/workspace-jobs/{job_id}", "/v2/{project_id}/workspace-sub-jobs"
	return []operation{
		{"GET", jobs, "ShowJob", iam.Read, answering(s.showJob), "Show a job with its sub-jobs"},
		{"POST", jobs + "/actions", "RunActionsOnWorkspaceJob", iam.Write, answering(s.retryJob), "Retry the failed sub-jobs of a job"},
		{"GET", subJobs, "ListItaSubJobs", iam.Read, answering(s.listSubJobs), "List sub-jobs"},
		{"POST", subJobs + "/batch-delete", "BatchDeleteSubJobs", iam.Write, silent(http.StatusOK, s.deleteSubJobs), "Delete the records of ended sub-jobs"},
	}
}

// JobPath is the path of one job.
type JobPath struct {
	Project
	JobID string `path:"job_id"`
}

type jobDetail struct {
	ID        string         `json:"id"`
	Type      string         `json:"job_type"`
	Begun     string         `json:"begin_time"`
	Ended     string         `json:"end_time" doc:"Empty until all sub-jobs have ended"`
	Status    string         `json:"status" enum:"WAITING,RUNNING,SUCCESS,FAIL"`
	ErrorCode string         `json:"job_error_code,omitempty" doc:"Of the first failed sub-job"`
	Reason    string         `json:"fail_reason,omitempty"`
	OrderID   string         `json:"order_id,omitempty" doc:"Order id of the rebuild, if it had one"`
	Total     int            `json:"sub_jobs_total"`
	SubJobs   []subJobDetail `json:"sub_jobs"`
}

func (s *Server) showJob(ctx context.Context, in *JobPath) (jobDetail, error) {
	j, err := s.Services.Work.Job(ctx, in.ProjectID, in.JobID)
	return jobOf(j), err
}

func jobOf(j workspace.Job) jobDetail {
	d := jobDetail{
		ID: j.ID, Type: string(j.Type), Begun: stamp(j.Created), Ended: stamp(j.Ended()), Status: string(j.Counts.Status()),
		OrderID: j.OrderID, Total: j.Counts.Total(), SubJobs: each(j.SubJobs, subJobOf),
	}
	for _, sub := range j.SubJobs {
		if sub.State == workspace.SubJobFailed {
			d.ErrorCode, d.Reason = string(sub.Code), sub.Reason
			break
		}
	}
	return d
}

type subJobDetail struct {
	ID        string         `json:"id"`
	Type      string         `json:"job_type"`
	Entities  subJobEntities `json:"entities"`
	Begun     string         `json:"begin_time"`
	Ended     string         `json:"end_time"`
	Status    string         `json:"status" enum:"WAITING,RUNNING,SUCCESS,FAILED"`
	ErrorCode string         `json:"error_code"`
	Reason    string         `json:"fail_reason" doc:"The error and its remedy"`
	Remark    string         `json:"remark,omitempty" doc:"How the result of a successful sub-job differs from the request"`
	Step      string         `json:"step,omitempty" doc:"The present step"`
	Host      string         `json:"host"`
	ProjectID string         `json:"project_id"`
	JobID     string         `json:"job_id"`
	Progress  int            `json:"process" doc:"Percent"`
	User      string         `json:"attach_user"`
	Entity    string         `json:"entity" doc:"The computer name"`
	Address   string         `json:"ip_address"`
}

type subJobEntities struct {
	DesktopID   string `json:"desktop_id"`
	ProductID   string `json:"product_id"`
	UserName    string `json:"user_name"`
	DesktopName string `json:"desktop_name"`
	Address     string `json:"ip_address"`
}

func subJobOf(s workspace.SubJob) subJobDetail {
	begun := s.Begun
	if begun.IsZero() {
		begun = s.Created
	}
	d := subJobDetail{
		ID: s.ID, Type: string(s.Type), Begun: stamp(begun), Ended: stamp(s.Ended), Status: string(s.State), ErrorCode: string(s.Code),
		Step: s.Step, Host: s.Host, ProjectID: s.ProjectID, JobID: s.JobID, Progress: s.Progress, User: s.UserName,
		Entity: s.DesktopName, Address: s.Address,
		Entities: subJobEntities{
			DesktopID: s.DesktopID, ProductID: s.ProductID, UserName: s.UserName, DesktopName: s.DesktopName, Address: s.Address,
		},
	}
	if s.State == workspace.SubJobSuccess {
		d.Remark = s.Reason
	} else {
		d.Reason = s.Reason
	}
	return d
}

type retryJobInput struct {
	JobPath
	Body struct {
		Op string `json:"op_type" required:"true" enum:"retry"`
	}
}

func (s *Server) retryJob(ctx context.Context, in *retryJobInput) (jobReply, error) {
	id, err := s.Services.Work.RetryJob(ctx, in.ProjectID, in.JobID)
	return jobReply{id}, err
}

type listSubJobsInput struct {
	Project
	Status workspace.SubJobState `query:"status" enum:"WAITING,RUNNING,SUCCESS,FAILED"`
	JobID  string                `query:"job_id"`
	Type   workspace.JobType     `query:"job_type" doc:"createDesktops, deleteDesktops, operateDesktops, ..."`
	PoolID string                `query:"desktop_pool_id"`
	Limit  int                   `query:"limit" minimum:"0" maximum:"1000" default:"1000"`
	Offset int                   `query:"offset" minimum:"0" default:"0"`
}

type subJobsReply struct {
	Total int            `json:"total_count"`
	Jobs  []subJobDetail `json:"jobs"`
}

func (s *Server) listSubJobs(ctx context.Context, in *listSubJobsInput) (subJobsReply, error) {
	subs, total, err := s.Services.Work.ListSubJobs(ctx, workspace.SubJobQuery{
		ProjectID: in.ProjectID, JobID: in.JobID, Type: in.Type, State: in.Status, PoolID: in.PoolID,
		Page: workspace.Page{Offset: in.Offset, Limit: in.Limit},
	})
	return subJobsReply{total, each(subs, subJobOf)}, err
}

type deleteSubJobsInput struct {
	Project
	Body struct {
		IDs    []string              `json:"job_ids,omitempty" doc:"Sub-jobs; at most 1000"`
		Status workspace.SubJobState `json:"delete_by_status,omitempty" doc:"Instead of job_ids: SUCCESS or FAILED"`
	}
}

func (s *Server) deleteSubJobs(ctx context.Context, in *deleteSubJobsInput) error {
	return s.Services.Work.DeleteSubJobs(ctx, in.ProjectID, in.Body.IDs, in.Body.Status)
}
