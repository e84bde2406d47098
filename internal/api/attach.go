package api

import (
	"context"
	"net/http"

	"carrel/internal/api/wire"
	"carrel/internal/assignment"
	"carrel/internal/assignment/plan"
	"carrel/internal/iam"
	"carrel/internal/user"
	"carrel/internal/workspace"
)

func (s *Server) attachOperations() []operation {
	const desktops = "/v2/{project_id}/desktops"
	return []operation{
		{"POST", desktops + "/attach", "AttachInstances", iam.Write, answering(s.attach), "Assign desktops to the users that each names"},
		{"POST", desktops + "/batch-attach", "BatchAttachInstances", iam.Write, answering(s.batchAttach), "Assign desktops to users by a strategy"},
		{"POST", desktops + "/pre-batch-attach", "BatchAssociateInstances", iam.Write, answering(s.previewAttach), "Preview BatchAttachInstances"},
		{"POST", desktops + "/detach", "DetachInstances", iam.Write, answering(s.detach), "Detach desktops from all their users"},
		{"POST", desktops + "/batch-detach", "BatchDetachInstances", iam.Write, answering(s.batchDetach), "Detach desktops from users"},
		{"GET", desktops + "/{desktop_id}/detach-info", "ListDesktopDetachInfo", iam.Read, answering(s.listDetachments), "List from whom a desktop was detached"},
		{"POST", desktops + "/change-user-privilege-group", "ChangeUserPrivilegeGroup", iam.Write, answering(s.changePrivileges), "Change the privilege of users in desktops"},
		{"PUT", desktops + "/change-username", "UpdateDesktopUsername", iam.Write, silent(http.StatusOK, s.renameUser), "Rename a user, also in their desktops"},
	}
}

type attachInput struct {
	Project
	Body struct {
		Desktops     []attachDesktopBody `json:"desktops,omitempty" doc:"1 to 10000"`
		NamePolicyID string              `json:"desktop_name_policy_id,omitempty" doc:"Generates new names for desktops without computer_name"`

		ImageType   string `json:"image_type,omitempty" doc:"Refused: RebuildDesktops puts desktops on another image"`
		ImageID     string `json:"image_id,omitempty" doc:"Refused, like image_type"`
		EncryptType string `json:"encrypt_type,omitempty" enum:"KEEP,UNENCRYPTED,ENCRYPTED" doc:"KEEP has no effect; other values are refused"`
		KeyID       string `json:"kms_id,omitempty" doc:"Refused"`
	}
}

func (s *Server) attach(ctx context.Context, in *attachInput) (jobReply, error) {
	r := assignment.AttachDesktops{
		Caller: in.caller(ctx), Desktops: each(in.Body.Desktops, attachDesktopBody.request),
		Model: plan.Model{NamePolicyID: in.Body.NamePolicyID},
	}
	var names given
	names.add("image_type", in.Body.ImageType != "")
	names.add("image_id", in.Body.ImageID != "")
	names.add("encrypt_type", in.Body.EncryptType != "" && in.Body.EncryptType != "KEEP")
	names.add("kms_id", in.Body.KeyID != "")
	r.Unsupported = names
	id, err := s.Services.Assignments.AttachDesktops(ctx, r)
	return jobReply{id}, err
}

type batchAttachInput struct {
	Project
	Body struct {
		Desktops []attachDesktopBody `json:"desktops,omitempty" doc:"1 to 10000"`
		Users    []attachPersonBody  `json:"users,omitempty" doc:"At most 10000, among whom the strategy chooses"`
		Model    *assignModelBody    `json:"assign_model,omitempty" doc:"If absent, the desktops name their users, as in AttachInstances"`
	}
}

func (in *batchAttachInput) request(ctx context.Context) assignment.AttachDesktops {
	r := assignment.AttachDesktops{
		Caller: in.caller(ctx), Desktops: each(in.Body.Desktops, attachDesktopBody.request), Users: each(in.Body.Users, attachPersonBody.request),
	}
	if m := in.Body.Model; m != nil {
		r.Model = plan.Model(*m)
	}
	return r
}

func (s *Server) batchAttach(ctx context.Context, in *batchAttachInput) (jobReply, error) {
	id, err := s.Services.Assignments.AttachDesktops(ctx, in.request(ctx))
	return jobReply{id}, err
}

func (s *Server) previewAttach(ctx context.Context, in *batchAttachInput) (attachPreviewReply, error) {
	p, err := s.Services.Assignments.PreviewAttach(ctx, in.request(ctx))
	return previewReplyOf(p, in.Body.Desktops), err
}

type detachInput struct {
	Project
	Body struct {
		IDs     []string `json:"desktop_ids,omitempty" doc:"1 to 10000"`
		ShutOff bool     `json:"shutoff_after_detach,omitempty" doc:"Stop the desktops afterwards"`
	}
}

type detachReply struct {
	JobID   string                 `json:"job_id" doc:"Has already ended if no user had any of the desktops; empty if all were refused"`
	JobIDs  []string               `json:"success_job_ids" doc:"The same job id, if there is a job"`
	Refused []wire.VmOperateResult `json:"failed_operation_list" doc:"Desktops that were not changed"`
}

func detachReplyOf(r assignment.DetachResult) detachReply {
	reply := detachReply{JobID: r.JobID, JobIDs: []string{}, Refused: each(r.Refused, notOperated)}
	if r.JobID != "" {
		reply.JobIDs = []string{r.JobID}
	}
	return reply
}

func (s *Server) detach(ctx context.Context, in *detachInput) (detachReply, error) {
	r := assignment.DetachDesktops{Caller: in.caller(ctx), ShutOff: in.Body.ShutOff}
	for _, id := range in.Body.IDs {
		r.Desktops = append(r.Desktops, assignment.DetachDesktop{DesktopID: id, All: true})
	}
	result, err := s.Services.Assignments.DetachDesktops(ctx, r, "desktop_ids")
	return detachReplyOf(result), err
}

type batchDetachInput struct {
	Project
	Body struct {
		Desktops []detachDesktopBody `json:"desktops,omitempty" doc:"1 to 10000"`
	}
}

func (s *Server) batchDetach(ctx context.Context, in *batchDetachInput) (detachReply, error) {
	result, err := s.Services.Assignments.DetachDesktops(ctx, assignment.DetachDesktops{
		Caller: in.caller(ctx), Batch: true, Desktops: each(in.Body.Desktops, detachDesktopBody.request),
	}, "desktops")
	return detachReplyOf(result), err
}

type detachmentsReply struct {
	Detachments []detachmentReply `json:"desktop_detach_infos" doc:"The latest first, at most 500"`
}

type detachmentReply struct {
	DesktopID   string `json:"desktop_id"`
	DesktopName string `json:"desktop_name"`
	UserID      string `json:"user_id" doc:"Of a user or, by type, of a group"`
	UserName    string `json:"user_name" doc:"The name at that time"`
	UserGroup   string `json:"user_group"`
	Detached    string `json:"detach_time"`
	Type        string `json:"type" enum:"USER,GROUP"`
}

func (s *Server) listDetachments(ctx context.Context, in *DesktopPath) (detachmentsReply, error) {
	desktop, records, err := s.Services.Assignments.Detachments(ctx, in.ProjectID, in.DesktopID)
	return detachmentsReply{each(records, func(d assignment.Detachment) detachmentReply {
		return detachmentReply{
			DesktopID: desktop.ID, DesktopName: desktop.Name, UserID: d.HolderID, UserName: d.HolderName, UserGroup: string(d.Group),
			Detached: stamp(d.Detached), Type: string(d.Type),
		}
	})}, err
}

type changePrivilegesInput struct {
	Project
	Body struct {
		Desktops []privilegeChangeBody `json:"desktops" required:"true" doc:"1 to 10000"`
		Group    workspace.UserGroup   `json:"user_privilege_group,omitempty" doc:"For all users without a privilege of their own: sudo or default; administrators or users on Windows"`
	}
}

func (s *Server) changePrivileges(ctx context.Context, in *changePrivilegesInput) (jobReply, error) {
	id, err := s.Services.Assignments.ChangePrivileges(ctx, assignment.ChangePrivileges{
		Caller: in.caller(ctx), Desktops: each(in.Body.Desktops, privilegeChangeBody.request), Group: in.Body.Group,
	})
	return jobReply{id}, err
}

type renameUserInput struct {
	Project
	Body struct {
		Old       string `json:"old_username" required:"true"`
		OldDomain string `json:"old_user_domain,omitempty" doc:"The directory"`
		New       string `json:"new_username" required:"true"`
		NewDomain string `json:"new_user_domain,omitempty" doc:"The directory"`
		Reboot    bool   `json:"is_reboot,omitempty" doc:"Restart the user's running desktops"`
	}
}

func (s *Server) renameUser(ctx context.Context, in *renameUserInput) error {
	return s.Services.Users.RenameUser(ctx, user.RenameUser{
		Caller: in.caller(ctx), Old: in.Body.Old, New: in.Body.New, OldDomain: in.Body.OldDomain, NewDomain: in.Body.NewDomain, Reboot: in.Body.Reboot,
	})
}
