package api

import (
	"context"

	"carrel/internal/api/wire"
	"carrel/internal/signin"
	"carrel/internal/workspace"
)

// otpConfigID is the id of the config of a project's codes.
const otpConfigID = "otp"

// externalSignIn says why all but passwords is refused.
const externalSignIn = "other directories and their ways to sign in are not supported yet: users sign in with their passwords"

func (s *Server) showOTPConfig(ctx context.Context, in *wire.ShowAssistAuthConfigInput) (wire.ShowAssistAuthConfigResponse, error) {
	if err := isConfig("main_auth_config_id", in.MainAuthConfigID, signin.PasswordConfigID); err != nil {
		return wire.ShowAssistAuthConfigResponse{}, err
	}
	c, err := s.Services.SignIn.OTPConfig(ctx, in.ProjectID)
	info := wire.OtpConfigInfo{ID: otpConfigID, Enable: &c.Enabled, ReceiveMode: "VMFA"}
	if c.Origin != signin.FromAnywhere {
		info.ApplyRule = &wire.ApplyRuleInfo{RuleType: "ACCESS_MODE", Rule: string(c.Origin)}
	}
	return wire.ShowAssistAuthConfigResponse{OTPConfigInfo: info, MainAuthConfigID: signin.PasswordConfigID}, err
}

func (s *Server) updateOTPConfig(ctx context.Context, in *wire.UpdateAssistAuthMethodConfigInput) error {
	if kind := in.Body.AuthType; kind != nil && *kind != "OTP" {
		return workspace.Unsupported("auth_type", externalSignIn)
	}
	change, err := otpConfigChange(in.Body.OTPConfigInfo)
	if err != nil {
		return err
	}
	return s.Services.SignIn.UpdateOTPConfig(ctx, caller(ctx, in.Project), change)
}

func otpConfigChange(info wire.OtpConfigInfo) (signin.OTPConfigChange, error) {
	if err := isConfig("otp_config_info.id", info.ID, otpConfigID); err != nil {
		return signin.OTPConfigChange{}, err
	}
	if info.ReceiveMode == "HMFA" {
		return signin.OTPConfigChange{}, workspace.Unsupported("otp_config_info.receive_mode", "hardware tokens are not supported, use VMFA")
	}
	change := signin.OTPConfigChange{Enabled: info.Enable}
	if rule := info.ApplyRule; rule != nil {
		if (rule.RuleType == "") != (rule.Rule == "") {
			return change, workspace.Invalid("otp_config_info.apply_rule", "give rule_type and rule, or neither for all sign-ins")
		}
		change.Origin = new(signin.OTPOrigin(rule.Rule))
	}
	return change, nil
}

func (s *Server) listOTPObjects(ctx context.Context, in *wire.ShowAssistAuthConfigApplyObjectsInput) (wire.ShowAssistAuthConfigApplyObjectsResponse, error) {
	objects, total, err := s.Services.SignIn.OTPObjects(ctx, signin.OTPObjectQuery{
		ProjectID: in.ProjectID, Type: signin.OTPObjectType(in.ObjectType), Name: in.ObjectName, Page: workspace.Page{Offset: in.Offset, Limit: in.Limit},
	})
	return wire.ShowAssistAuthConfigApplyObjectsResponse{TotalCount: total, Objects: each(objects, func(o signin.OTPObject) wire.ApplyObjects {
		return wire.ApplyObjects{ObjectType: string(o.Type), ObjectID: o.ID, ObjectName: o.Name}
	})}, err
}

func (s *Server) changeOTPObjects(ctx context.Context, in *wire.UpdateAssistAuthConfigApplyObjectsInput) error {
	return s.Services.SignIn.ChangeOTPObjects(ctx, caller(ctx, in.Project), each(in.Body.Add, otpObject), each(in.Body.Delete, otpObject))
}

func otpObject(o wire.ApplyObjects) signin.OTPObject {
	return signin.OTPObject{Type: signin.OTPObjectType(o.ObjectType), ID: o.ObjectID, Name: o.ObjectName}
}

func (s *Server) showAuthConfig(_ context.Context, in *wire.ShowAuthConfigInput) (wire.ShowAuthConfigResponse, error) {
	if in.AuthType != "" && in.AuthType != "LOCAL_PASSWORD" {
		return wire.ShowAuthConfigResponse{}, workspace.Unsupported("auth_type", externalSignIn)
	}
	return wire.ShowAuthConfigResponse{ID: signin.PasswordConfigID, AuthType: "LOCAL_PASSWORD", Enable: true}, nil
}

func (s *Server) updateAuthMethod(ctx context.Context, in *wire.UpdateAuthMethodConfigInput) (wire.UpdateAuthMethodConfigResponse, error) {
	if err := checkAuthMethod(in.Body); err != nil {
		return wire.UpdateAuthMethodConfigResponse{}, err
	}
	return wire.UpdateAuthMethodConfigResponse{ProjectID: in.ProjectID}, s.Services.SignIn.ChoosePasswords(ctx, caller(ctx, in.Project))
}

func (s *Server) validateAuthMethod(_ context.Context, in *wire.ValidateConfigInput) error {
	return checkAuthMethod(in.Body)
}

// checkAuthMethod returns why a config that the overlay lets through cannot be, or nil.
func checkAuthMethod(b wire.AuthMethodConfigRequest) error {
	if b.ID != nil {
		if err := isConfig("id", *b.ID, signin.PasswordConfigID); err != nil {
			return err
		}
	}
	if b.AuthType != nil && *b.AuthType != "USER_PASSWORD" {
		return workspace.Unsupported("auth_type", externalSignIn)
	}
	return nil
}

// updateAuthConfig serves a change to no text messages: the overlay refuses the others.
func (s *Server) updateAuthConfig(ctx context.Context, in *wire.UpdateAuthConfigInput) (wire.UpdateAuthConfigResponse, error) {
	if err := isConfig("auth_config_id", in.AuthConfigID, signin.PasswordConfigID); err != nil {
		return wire.UpdateAuthConfigResponse{}, err
	}
	return wire.UpdateAuthConfigResponse{AuthConfigID: in.AuthConfigID}, s.Services.SignIn.ChoosePasswords(ctx, caller(ctx, in.Project))
}

func (s *Server) downloadMetadata(_ context.Context, in *wire.DownloadMetadataInput) error {
	if err := isConfig("auth_config_id", in.AuthConfigID, signin.PasswordConfigID); err != nil {
		return err
	}
	return workspace.Unsupported("type", "there is no SAML metadata: "+externalSignIn)
}

func (s *Server) downloadSPMetadata(context.Context, *wire.DownloadSpMetadataInput) error {
	return workspace.Unsupported("identity_provider", "there is no SAML metadata: "+externalSignIn)
}

// isConfig returns CodeInvalid for the id of a config that does not exist.
func isConfig(field, id, config string) error {
	if id != "" && id != config {
		return workspace.Invalid(field, "%q does not exist, the one of this project is %s", id, config)
	}
	return nil
}

func (s *Server) showSignInRules(ctx context.Context, in *wire.ShowSignInRulesInput) (wire.ShowSignInRulesResponse, error) {
	r, err := s.Services.SignIn.Rules(ctx, in.ProjectID)
	return wire.ShowSignInRulesResponse{Password: passwordRules(r), Lockout: lockoutRules(r)}, err
}

func (s *Server) updateSignInRules(ctx context.Context, in *wire.UpdateSignInRulesInput) (wire.UpdateSignInRulesResponse, error) {
	var change signin.RulesChange
	if p := in.Body.Password; p != nil {
		change.MinLength, change.MinKinds, change.MaxAgeDays, change.History = p.MinLength, p.MinKinds, p.MaxAgeDays, p.History
	}
	if l := in.Body.Lockout; l != nil {
		change.LockoutAttempts, change.LockoutMinutes = l.Attempts, l.Minutes
	}
	r, err := s.Services.SignIn.UpdateRules(ctx, caller(ctx, in.Project), change)
	return wire.UpdateSignInRulesResponse{Password: passwordRules(r), Lockout: lockoutRules(r)}, err
}

func passwordRules(r signin.Rules) wire.PasswordRules {
	return wire.PasswordRules{MinLength: r.Password.MinLength, MinKinds: r.Password.MinKinds, MaxAgeDays: r.Password.MaxAgeDays, History: r.Password.History}
}

func lockoutRules(r signin.Rules) wire.LockoutRules {
	return wire.LockoutRules{Attempts: r.Lockout.Attempts, Minutes: r.Lockout.Minutes}
}
