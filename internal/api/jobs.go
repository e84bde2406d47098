package api

import (
	"context"

	"carrel/internal/api/wire"
	"carrel/internal/workspace"
)

func (s *Server) showJob(ctx context.Context, in *wire.ShowJobInput) (wire.ShowJobResponse, error) {
	j, err := s.Services.Work.Job(ctx, in.ProjectID, in.JobID)
	return jobOf(j), err
}

func jobOf(j workspace.Job) wire.ShowJobResponse {
	d := wire.ShowJobResponse{
		ID: j.ID, JobType: string(j.Type), BeginTime: stamp(j.Created), EndTime: stamp(j.Ended()), Status: string(j.Counts.Status()),
		OrderID: j.OrderID, SubJobsTotal: j.Counts.Total(), SubJobs: each(j.SubJobs, subJobOf),
	}
	for _, sub := range j.SubJobs {
		if sub.State == workspace.SubJobFailed {
			d.JobErrorCode, d.FailReason = string(sub.Code), sub.Reason
			break
		}
	}
	return d
}

func subJobOf(s workspace.SubJob) wire.JobDetailInfo {
	begun := s.Begun
	if begun.IsZero() {
		begun = s.Created
	}
	d := wire.JobDetailInfo{
		ID: s.ID, JobType: string(s.Type), BeginTime: stamp(begun), EndTime: stamp(s.Ended), Status: string(s.State), ErrorCode: string(s.Code),
		Step: s.Step, Host: s.Host, ProjectID: s.ProjectID, JobID: s.JobID, Process: s.Progress, AttachUser: s.UserName,
		Entity: s.DesktopName, IPAddress: s.Address,
		Entities: wire.JobEntities{DesktopID: s.DesktopID, ProductID: s.ProductID, UserName: s.UserName, DesktopName: s.DesktopName, IPAddress: s.Address},
	}
	if s.State == workspace.SubJobSuccess {
		d.Remark = s.Reason
	} else {
		d.FailReason = s.Reason
	}
	return d
}

func (s *Server) retryJob(ctx context.Context, in *wire.RunActionsOnWorkspaceJobInput) (wire.RunActionsOnWorkspaceJobResponse, error) {
	id, err := s.Services.Work.RetryJob(ctx, caller(ctx, in.Project), in.JobID)
	return wire.RunActionsOnWorkspaceJobResponse{JobID: id}, err
}

func (s *Server) listSubJobs(ctx context.Context, in *wire.ListItaSubJobsInput) (wire.ListItaSubJobsResponse, error) {
	subs, total, err := s.Services.Work.ListSubJobs(ctx, workspace.SubJobQuery{
		ProjectID: in.ProjectID, JobID: in.JobID, Type: workspace.JobType(in.JobType), State: workspace.SubJobState(in.Status), PoolID: in.DesktopPoolID,
		Visible: visibleTo(ctx), Page: workspace.Page{Offset: in.Offset, Limit: in.Limit},
	})
	return wire.ListItaSubJobsResponse{TotalCount: total, Jobs: each(subs, subJobOf)}, err
}

func (s *Server) deleteSubJobs(ctx context.Context, in *wire.BatchDeleteSubJobsInput) error {
	return s.Services.Work.DeleteSubJobs(ctx, caller(ctx, in.Project), in.Body.JobIDs, workspace.SubJobState(in.Body.DeleteByStatus))
}
