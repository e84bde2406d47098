package overlay

const (
	onlyPasswords  = "other directories and their ways to sign in are not supported yet: users sign in with their passwords"
	passwordConfig = "local-password, the one config of a project"
)

func authConfig() Area {
	config := Field{Doc: passwordConfig}
	return Area{
		Name: "authentication config", File: "auth_config",
		Operations: []Operation{
			{
				ID: "ShowAssistAuthConfig", Handler: "showOTPConfig", Action: "workspace:assistAuthConfigs:get", Summary: "Show whether users sign in with codes of an authenticator app",
				Query: Fields{"main_auth_config_id": config},
			},
			{ID: "UpdateAssistAuthMethodConfig", Handler: "updateOTPConfig", Action: "workspace:assistAuthConfigs:update", Status: 204, Summary: "Turn codes of authenticator apps on or off, for sign-ins from now on"},
			{
				ID: "ShowAssistAuthConfigApplyObjects", Handler: "listOTPObjects", Action: "workspace:assistAuthConfigs:listApplyObjects", Summary: "List who must sign in with codes",
				Query: Fields{"object_name": {Doc: "Part of the name"}, "offset": offset()},
			},
			{ID: "UpdateAssistAuthConfigApplyObjects", Handler: "changeOTPObjects", Action: "workspace:assistAuthConfigs:updateApplyObjects", Status: 204, Summary: "Change who must sign in with codes, from the next sign-in on"},
			{
				ID: "ShowAuthConfig", Handler: "showAuthConfig", Action: "workspace:authConfigs:get", Summary: "Show how users sign in",
				Query: Fields{"auth_type": {Enum: []string{"LOCAL_PASSWORD", "KERBEROS", "LDAP", "CLIENT_TOKEN", "OAUTH2", "SAML2"}, Doc: "LOCAL_PASSWORD; the others are refused: " + onlyPasswords}},
			},
			{ID: "UpdateAuthMethodConfig", Handler: "updateAuthMethod", Action: "workspace:authConfigs:updateMethod", Summary: "Choose how users sign in: with their passwords"},
			{ID: "ValidateConfig", Handler: "validateAuthMethod", Action: "workspace:authConfigs:validate", Summary: "Check what UpdateAuthMethodConfig would be sent", Reads: true},
			{ID: "UpdateAuthConfig", Handler: "updateAuthConfig", Action: "workspace:authConfigs:update", Summary: "Turn sign-in by text message on or off: it is off"},
			{ID: "ShowSignInRules", Handler: "showSignInRules", Action: "workspace:signInRules:get", Summary: "Show the rules for passwords and lock-out of users"},
			{ID: "UpdateSignInRules", Handler: "updateSignInRules", Action: "workspace:signInRules:update", Summary: "Update the rules for passwords and lock-out of users, for passwords and attempts from now on"},
			{
				ID: "DownloadMetadata", Handler: "downloadMetadata", Action: "workspace:authConfigs:downloadMetadata", Summary: "Download SAML metadata: refused until other directories are supported",
				Query: Fields{"auth_config_id": config},
			},
			{ID: "DownloadSpMetadata", Handler: "downloadSPMetadata", Action: "workspace:authConfigs:downloadSpMetadata", Summary: "Download SAML metadata of the service: refused until other directories are supported"},
		},
		Types: authConfigTypes(),
	}
}

func authConfigTypes() map[string]Fields {
	const (
		directory  = "users of other directories are not supported yet"
		messages   = "no text messages are sent"
		hardware   = "only servers of hardware tokens need it, which are not supported: users have authenticator apps"
		objects    = "change them with UpdateAssistAuthConfigApplyObjects"
		objectName = "Must be the present name, if it is given; ignored in delete"
	)
	var (
		config        = Field{Doc: passwordConfig}
		list          = Field{Max: new(100), Doc: "At most 100"}
		elsehow       = Field{Refuse: onlyPasswords, Sparse: true}
		foreign       = Field{Refuse: hardware, Sparse: true}
		limit         = func(least, most int, doc string) Field { return Field{Min: &least, Max: &most, Doc: doc} }
		passwordRules = Fields{
			"min_length":   limit(8, 64, "8 to 64 characters; 8 unless set"),
			"min_kinds":    limit(3, 4, "Of lower case, upper case, digits and other characters: 3 (unless set) or 4"),
			"max_age_days": limit(0, 3650, "After so many days a user has to choose another at the next sign-in, except those with password_never_expired; 0: never"),
			"history":      limit(0, 24, "So many former passwords, and the present one, cannot be chosen again; 0: only the present one"),
		}
		lockoutRules = Fields{
			"attempts": limit(0, 50, "A user is locked out by the last of so many wrong passwords or codes in a row: 3 to 50; 0, with minutes 0: pauses that grow with each failure"),
			"minutes":  limit(0, 1440, "For so long: 1 to 1440"),
		}
		authType = []string{"RADIUS_GATEWAY", "OAUTH2", "LDAP", "CLIENT_TOKEN", "USER_PASSWORD", "FINGER", "SAML2"}
	)
	return map[string]Fields{
		"ShowAssistAuthConfigResponse": {"main_auth_config_id": config},
		"OtpConfigInfo": {
			"id":                      {Doc: "otp, the one config of a project"},
			"enable":                  {Present: true, Doc: "Whether codes are used; false: nobody is asked for one, not even a user with an app"},
			"receive_mode":            {Enum: []string{"VMFA", "HMFA"}, Doc: "VMFA: an authenticator app; HMFA, a hardware token, is refused"},
			"auth_url":                foreign,
			"app_id":                  foreign,
			"app_secret":              foreign,
			"auth_server_access_mode": foreign,
			"cert_content":            foreign,
			"apply_rule":              {Sparse: true, Doc: "Which sign-ins need a code; {}: all"},
			"apply_objects":           {Refuse: objects, Sparse: true, Doc: "See ShowAssistAuthConfigApplyObjects"},
		},
		"ApplyRuleInfo": {
			"rule_type": {Enum: []string{"ACCESS_MODE"}, Doc: "By the address of the client"},
			"rule":      {Enum: []string{"INTERNET", "PRIVATE"}, Doc: "INTERNET: public addresses; PRIVATE: private, link-local and loopback addresses"},
		},
		"AssistAuthMethodConfigRequest": {
			"auth_type":       {Doc: "OTP; the others are refused: " + onlyPasswords},
			"otp_config_info": {Needed: true},
		},
		"AssistAuthApplyObjectsRequest": {"add": list, "delete": list},
		"ApplyObjects": {
			"object_id":   {Loose: true, Doc: "Of a user or group; default-apply-all-targets with ALL"},
			"object_name": {Loose: true, Doc: objectName},
		},
		"ShowAuthConfigResponse": {
			"id":                      config,
			"auth_type":               {Enum: []string{"LOCAL_PASSWORD"}},
			"radius_gateway_config":   {Omit: onlyPasswords},
			"third_party_auth_config": {Omit: onlyPasswords},
			"saml2_auth_config":       {Omit: onlyPasswords},
			"emergency_login_mode":    {Omit: directory},
		},
		"AuthMethodConfigRequest": {
			"id":                                   config,
			"is_multi_domain_authenticate_enabled": {Refuse: directory},
			"auth_type":                            {Enum: authType, Doc: "USER_PASSWORD; the others are refused: " + onlyPasswords},
			"radius_gateway_config":                elsehow,
			"third_party_auth_config":              elsehow,
			"emergency_login_mode":                 {Refuse: directory},
			"saml2_auth_config":                    elsehow,
			"sms_login_enabled":                    {Refuse: messages},
		},
		"PasswordRules":       passwordRules,
		"UpdatePasswordRules": passwordRules,
		"LockoutRules":        lockoutRules,
		"UpdateLockoutRules":  lockoutRules,
		"UpdateAuthConfigReq": {"sms_login_enabled": {Refuse: messages}},
	}
}
