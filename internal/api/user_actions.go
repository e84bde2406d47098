package api

import (
	"context"
	"strings"
	"time"

	"carrel/internal/api/wire"
	"carrel/internal/directory"
	"carrel/internal/signin"
	"carrel/internal/workspace"
)

func (s *Server) updateUser(ctx context.Context, in *wire.UpdateUserInfoInput) (wire.UpdateUserInfoResponse, error) {
	b := in.Body
	var expires *time.Time
	if b.AccountExpires != nil {
		t, err := directory.ReadExpiry("account_expires", *b.AccountExpires)
		if err != nil {
			return wire.UpdateUserInfoResponse{}, err
		}
		expires = &t
	}
	return wire.UpdateUserInfoResponse{ID: in.UserID}, s.Services.SignIn.UpdateUser(ctx, signin.UpdateUser{
		Caller: caller(ctx, in.Project), ID: in.UserID, Email: b.UserEmail, Phone: b.UserPhone, Description: b.Description,
		Activation: (*directory.Activation)(b.ActiveType), Expires: expires, MayChangePassword: b.EnableChangePassword,
		MustChangePassword: b.NextLoginChangePassword, PasswordNeverExpires: b.PasswordNeverExpired, Disabled: b.Disabled,
	})
}

func (s *Server) actOnUser(ctx context.Context, in *wire.ChangeUserStatusInput) error {
	return s.Services.SignIn.ActOnUser(ctx, caller(ctx, in.Project), in.UserID, signin.UserAction(in.Body.OpType))
}

func (s *Server) randomPassword(ctx context.Context, in *wire.ResetRandomPasswordInput) (wire.ResetRandomPasswordResponse, error) {
	mailed := false
	for _, way := range split[string](in.NotificationType) {
		if !strings.EqualFold(way, "email") {
			return wire.ResetRandomPasswordResponse{}, workspace.Errorf(workspace.CodeUnsupported, "notification_type: %q is not offered here, use email or leave it out", way)
		}
		mailed = true
	}
	password, err := s.Services.SignIn.RandomPassword(ctx, caller(ctx, in.Project), in.UserID, mailed)
	return wire.ResetRandomPasswordResponse{Password: password}, err
}

func (s *Server) inviteUser(ctx context.Context, in *wire.SendEmailInput) error {
	return s.Services.SignIn.Invite(ctx, caller(ctx, in.Project), in.UserID)
}
