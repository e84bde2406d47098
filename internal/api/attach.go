package api

import (
	"context"

	"carrel/internal/api/wire"
	"carrel/internal/assignment"
	"carrel/internal/assignment/plan"
	"carrel/internal/user"
	"carrel/internal/workspace"
)

func (s *Server) attach(ctx context.Context, in *wire.AttachInstancesInput) (wire.AttachInstancesResponse, error) {
	id, err := s.Services.Assignments.AttachDesktops(ctx, assignment.AttachDesktops{
		Caller: caller(ctx, in.Project), Desktops: each(in.Body.Desktops, attachDesktop), Model: plan.Model{NamePolicyID: in.Body.DesktopNamePolicyID},
	})
	return wire.AttachInstancesResponse{JobID: id}, err
}

func batchAttach(c workspace.Caller, b wire.BatchAttachInstancesReq) assignment.AttachDesktops {
	r := assignment.AttachDesktops{Caller: c, Desktops: each(b.Desktops, attachDesktop), Users: each(b.Users, attachPerson)}
	if m := b.AssignModel; m != nil {
		r.Model = plan.Model{
			Dimension: plan.Dimension(m.AssignDimension), Strategy: plan.Strategy(m.PriorityStrategy), NamePolicyID: m.DesktopNamePolicyID,
			UsersPerDesktop: m.DesktopAssiginUserNum, DesktopsPerUser: m.UserAssiginDesktopNum,
		}
	}
	return r
}

func (s *Server) batchAttach(ctx context.Context, in *wire.BatchAttachInstancesInput) (wire.BatchAttachInstancesResponse, error) {
	id, err := s.Services.Assignments.AttachDesktops(ctx, batchAttach(caller(ctx, in.Project), in.Body))
	return wire.BatchAttachInstancesResponse{JobID: id}, err
}

func (s *Server) previewAttach(ctx context.Context, in *wire.BatchAssociateInstancesInput) (wire.BatchAssociateInstancesResponse, error) {
	p, err := s.Services.Assignments.PreviewAttach(ctx, batchAttach(caller(ctx, in.Project), wire.BatchAttachInstancesReq(in.Body)))
	return attachPreview(p, in.Body.Desktops), err
}

func detached(r assignment.DetachResult) wire.BatchDetachInstancesResponse {
	reply := wire.BatchDetachInstancesResponse{JobID: r.JobID, SuccessJobIDs: []string{}, FailedOperationList: each(r.Refused, notOperated)}
	if r.JobID != "" {
		reply.SuccessJobIDs = []string{r.JobID}
	}
	return reply
}

func (s *Server) detach(ctx context.Context, in *wire.DetachInstancesInput) (wire.DetachInstancesResponse, error) {
	r := assignment.DetachDesktops{Caller: caller(ctx, in.Project), ShutOff: in.Body.ShutoffAfterDetach}
	for _, id := range in.Body.DesktopIDs {
		r.Desktops = append(r.Desktops, assignment.DetachDesktop{DesktopID: id, All: true})
	}
	result, err := s.Services.Assignments.DetachDesktops(ctx, r, "desktop_ids")
	return wire.DetachInstancesResponse(detached(result)), err
}

func (s *Server) batchDetach(ctx context.Context, in *wire.BatchDetachInstancesInput) (wire.BatchDetachInstancesResponse, error) {
	result, err := s.Services.Assignments.DetachDesktops(ctx, assignment.DetachDesktops{
		Caller: caller(ctx, in.Project), Batch: true, Desktops: each(in.Body.Desktops, detachDesktop),
	}, "desktops")
	return detached(result), err
}

func (s *Server) listDetachments(ctx context.Context, in *wire.ListDesktopDetachInfoInput) (wire.ListDesktopDetachInfoResponse, error) {
	desktop, records, err := s.Services.Assignments.Detachments(ctx, in.ProjectID, in.DesktopID)
	return wire.ListDesktopDetachInfoResponse{DesktopDetachInfos: each(records, func(d assignment.Detachment) wire.DesktopDetachInfo {
		return wire.DesktopDetachInfo{
			DesktopID: desktop.ID, DesktopName: desktop.Name, UserID: d.HolderID, UserName: d.HolderName, UserGroup: string(d.Group),
			DetachTime: stamp(d.Detached), Type: string(d.Type),
		}
	})}, err
}

func (s *Server) changePrivileges(ctx context.Context, in *wire.ChangeUserPrivilegeGroupInput) (wire.ChangeUserPrivilegeGroupResponse, error) {
	id, err := s.Services.Assignments.ChangePrivileges(ctx, assignment.ChangePrivileges{
		Caller: caller(ctx, in.Project), Desktops: each(in.Body.Desktops, privilegeChange), Group: workspace.UserGroup(in.Body.UserPrivilegeGroup),
	})
	return wire.ChangeUserPrivilegeGroupResponse{JobID: id}, err
}

func (s *Server) renameUser(ctx context.Context, in *wire.UpdateDesktopUsernameInput) error {
	b := in.Body
	return s.Services.Users.RenameUser(ctx, user.RenameUser{
		Caller: caller(ctx, in.Project), Old: b.OldUsername, New: b.NewUsername, OldDomain: value(b.OldUserDomain), NewDomain: value(b.NewUserDomain), Reboot: value(b.IsReboot),
	})
}
