package api

import (
	"context"
	"strings"
	"time"

	"carrel/internal/directory"
	"carrel/internal/signin"
	"carrel/internal/workspace"
)

type deleteUsersInput struct {
	Project
	Body struct {
		IDs []string `json:"user_ids" required:"true" doc:"1 to 100"`
	}
}

func (s *Server) deleteUsers(ctx context.Context, in *deleteUsersInput) error {
	return s.Services.Users.DeleteUsers(ctx, in.caller(ctx), in.Body.IDs)
}

type updateUserInput struct {
	UserPath
	Body struct {
		Description  *string               `json:"description,omitempty" doc:"At most 255 characters"`
		Email        *string               `json:"user_email,omitempty"`
		Phone        *string               `json:"user_phone,omitempty" doc:"Digits, with spaces, hyphens and parentheses between them and a plus before them; at most 32 characters"`
		Activation   *directory.Activation `json:"active_type,omitempty" enum:"USER_ACTIVATE,ADMIN_ACTIVATE"`
		Expires      *string               `json:"account_expires,omitempty" doc:"A time such as 2030-01-31T12:00:00Z, or 0 for never"`
		MayChange    *bool                 `json:"enable_change_password,omitempty"`
		MustChange   *bool                 `json:"next_login_change_password,omitempty"`
		NeverExpires *bool                 `json:"password_never_expired,omitempty" doc:"Stored and returned; passwords do not expire"`
		Disabled     *bool                 `json:"disabled,omitempty" doc:"Closes the user's sessions and refuses sign-in"`

		InfoMap string `json:"user_info_map,omitempty" doc:"Refused"`
	}
}

func (s *Server) updateUser(ctx context.Context, in *updateUserInput) (idReply, error) {
	b := in.Body
	var unsupported given
	unsupported.add("user_info_map", b.InfoMap != "")
	var expires *time.Time
	if b.Expires != nil {
		t, err := directory.ReadExpiry("account_expires", *b.Expires)
		if err != nil {
			return idReply{}, err
		}
		expires = &t
	}
	return idReply{in.UserID}, s.Services.SignIn.UpdateUser(ctx, signin.UpdateUser{
		Caller: in.caller(ctx), ID: in.UserID, Email: b.Email, Phone: b.Phone, Description: b.Description, Activation: b.Activation,
		Expires: expires, MayChangePassword: b.MayChange, MustChangePassword: b.MustChange, PasswordNeverExpires: b.NeverExpires,
		Disabled: b.Disabled, Unsupported: unsupported,
	})
}

type actOnUserInput struct {
	UserPath
	Body struct {
		Action signin.UserAction `json:"op_type" required:"true" enum:"LOCK,UNLOCK,RESET_PWD" doc:"RESET_PWD invalidates the password and mails a link for choosing another"`
	}
}

func (s *Server) actOnUser(ctx context.Context, in *actOnUserInput) error {
	return s.Services.SignIn.ActOnUser(ctx, in.caller(ctx), in.UserID, in.Body.Action)
}

type randomPasswordInput struct {
	UserPath
	Notify string `query:"notification_type" doc:"email: also mail the user a link for choosing a password; the password itself is not mailed"`
}

type randomPasswordReply struct {
	Password string `json:"password" doc:"Returned only here; must be changed at the next sign-in"`
}

func (s *Server) randomPassword(ctx context.Context, in *randomPasswordInput) (randomPasswordReply, error) {
	mailed := false
	for _, way := range split[string](in.Notify) {
		if !strings.EqualFold(way, "email") {
			return randomPasswordReply{}, workspace.Errorf(workspace.CodeUnsupported, "notification_type: %q is not offered here, use email or leave it out", way)
		}
		mailed = true
	}
	password, err := s.Services.SignIn.RandomPassword(ctx, in.caller(ctx), in.UserID, mailed)
	return randomPasswordReply{password}, err
}

type inviteUserInput struct {
	UserPath
	Body *struct {
		Template      string `json:"template_id,omitempty" doc:"Refused: the installation has one template per kind of mail"`
		PhoneTemplate string `json:"phone_template_id,omitempty" doc:"Refused: text messages are not supported"`
	}
}

func (s *Server) inviteUser(ctx context.Context, in *inviteUserInput) error {
	var unsupported given
	if b := in.Body; b != nil {
		unsupported.add("template_id", b.Template != "")
		unsupported.add("phone_template_id", b.PhoneTemplate != "")
	}
	if len(unsupported) > 0 {
		return workspace.Errorf(workspace.CodeUnsupported, "%s: not offered here; leave it out", unsupported[0])
	}
	return s.Services.SignIn.Invite(ctx, in.caller(ctx), in.UserID)
}
