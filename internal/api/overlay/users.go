package overlay

func users() Area {
	const (
		description = "At most 255 characters"
		onlyShared  = "Only users with a shared space: none, shared spaces are not offered"
		partOfName  = "Part of the name"
	)
	activations := []string{"USER_ACTIVATE", "ADMIN_ACTIVATE"}
	return Area{
		Name: "users", File: "users",
		Operations: []Operation{
			{ID: "CreateDesktopUser", Handler: "createUser", Action: "workspace:users:create", Summary: "Create a user"},
			{ID: "BatchCreateUsers", Handler: "createUsers", Action: "workspace:users:batchCreate", Jobs: []string{"hashPasswords"}, Summary: "Create users, all or none"},
			{
				ID: "ListUsers", Handler: "listUsers", Action: "workspace:users:list", Summary: "List users",
				Query: Fields{
					"user_name":                {Doc: partOfName},
					"user_names":               {Doc: "Exact names"},
					"limit":                    {Default: "1000", Doc: "A number from 0 to 2000"},
					"offset":                   {Default: "0", Doc: "A number from 0"},
					"description":              {Doc: "Part of the description"},
					"active_type":              {Enum: activations},
					"group_name":               {Doc: "Part of the name of a group of the user"},
					"share_space_subscription": {Doc: onlyShared},
					"share_space_desktops":     {Doc: onlyShared},
					"is_query_total_desktops":  {Doc: "Whether to count the users' desktops"},
					"disabled":                 {Present: true},
					"domain":                   {Doc: "The directory"},
					"platform_type":            {Enum: []string{"AD", "LOCAL", "UOS"}, Doc: "All users are LOCAL"},
				},
			},
			{ID: "ListUserDetail", Handler: "showUser", Action: "workspace:users:get", Summary: "Show a user"},
			{ID: "DeleteUser", Handler: "deleteUser", Action: "workspace:users:delete", Jobs: []string{"detachDesktops"}, Summary: "Delete a user"},
			{ID: "BatchDeleteUser", Handler: "deleteUsers", Action: "workspace:users:batchDelete", Jobs: []string{"detachDesktops"}, Summary: "Delete users"},
			{ID: "UpdateUserInfo", Handler: "updateUser", Action: "workspace:users:update", Summary: "Update a user"},
			{ID: "ChangeUserStatus", Handler: "actOnUser", Action: "workspace:users:changeStatus", Status: 204, Summary: "Lock or unlock a user, or reset the password"},
			{
				ID: "ResetRandomPassword", Handler: "randomPassword", Action: "workspace:users:resetRandomPassword", Summary: "Set and return a random password for a user",
				Writes: true,
				Query:  Fields{"notification_type": {Doc: "email: also mail the user a link for choosing a password; the password itself is not mailed"}},
			},
			{ID: "SendEmail", Handler: "inviteUser", Action: "workspace:users:resendEmail", Summary: "Send a user's invitation mail again", Bodyless: true},
			{
				ID: "ListNotificationRecords", Handler: "listNotifications", Action: "workspace:users:listNotificationRecords", Summary: "List the status of messages to users",
				Query: Fields{
					"query_type":        {Doc: "DESKTOP_POOL: messages about pools; DESKTOP: all others"},
					"desktop_name":      {Doc: partOfName},
					"desktop_pool_name": {Doc: partOfName, MaxLength: 255},
					"user_name":         {Doc: partOfName},
					"type":              {Doc: "Text messages are not supported"},
					"offset":            offset(),
					"sort_field":        {Default: "operate_time"},
					"sort_type":         {Default: "DESC"},
				},
			},
		},
		Types: userTypes(),
	}
}

func userTypes() map[string]Fields {
	const (
		description  = "At most 255 characters"
		phone        = "Digits, with spaces, hyphens and parentheses between them and a plus before them; at most 32 characters"
		millis       = "Milliseconds since 1970, 0 for never"
		notOffered   = "not offered here; leave it out"
		noSpaces     = "Always false: shared spaces are not offered"
		noSpaceCount = "Always 0: shared spaces are not offered"
		noPreUsers   = "Always false: there are no pre-created users"
	)
	return map[string]Fields{
		"CreateUserRequest": {
			"user_phone":                 {Doc: phone},
			"account_expires":            {Doc: "A time such as 2030-01-31T12:00:00Z, or 0 for never (default)"},
			"active_type":                {Enum: []string{}, Doc: "USER_ACTIVATE (default): by a mailed link; ADMIN_ACTIVATE: with the password given here"}, // also of rows of files: user.CreateUser
			"password":                   {Doc: "With ADMIN_ACTIVATE"},
			"enable_change_password":     {Present: true},
			"next_login_change_password": {Present: true},
			"description":                {InRoom: inRoomForOthers, Doc: description},
			"group_ids":                  {Doc: "At most 5"},
			"user_info_map":              {Refuse: notOffered},
		},
		"BatchCreateUsersReq": {"users": {Doc: "1 to 200, created all or none"}},
		"User": {
			"total_desktops":           {Present: true},
			"account_expires":          {Doc: millis},
			"sid":                      {Doc: "The user's id in the directory"},
			"share_space_subscription": {Doc: noSpaces},
			"share_space_desktops":     {Doc: noSpaceCount},
			"is_pre_user":              {Doc: noPreUsers},
			"certificate_status":       {Doc: "Always false: sign-in with certificates is not supported"},
			"user_info_map":            {Omit: "it is refused in requests"},
		},
		"UserDetail": {
			"sam_account_name":         {Doc: "Login name in desktops, derived from the user name"},
			"account_expires":          {Doc: millis},
			"distinguished_name":       {Doc: "The user's distinguished name in the directory"},
			"account_type":             {Enum: []string{"0"}, Doc: "0: a user"},
			"share_space_subscription": {Doc: noSpaces},
			"share_space_desktops":     {Doc: noSpaceCount},
			"is_pre_user":              {Doc: noPreUsers},
			"object_sid":               {Omit: "lists have the user's id in the directory, as sid"},
		},
		"BatchDeleteUserReq": {"user_ids": {Doc: "1 to 100"}},
		"EditUserReq": {
			"description":            {Doc: description},
			"user_phone":             {Doc: phone},
			"account_expires":        {Doc: "A time such as 2030-01-31T12:00:00Z, or 0 for never"},
			"password_never_expired": {Doc: "Exempts the user from max_age_days of the project's rules (UpdateSignInRules)"},
			"disabled":               {Doc: "Closes the user's sessions and refuses sign-in"},
			"user_info_map":          {Refuse: notOffered},
		},
		"OperateUserReq":              {"op_type": {Doc: "RESET_PWD invalidates the password and mails a link for choosing another"}},
		"ResetRandomPasswordResponse": {"password": {Doc: "Returned only here; must be changed at the next sign-in"}},
		"ResendEmailReq":              {"template_id": {Refuse: notOffered}, "phone_template_id": {Refuse: notOffered}},
		"NotificationRecordInfo":      {"result": {Enum: []string{"SUCCESS", "FAIL"}}},
	}
}

func otpDevices() Area {
	return Area{
		Name: "OTP devices", File: "otp",
		Operations: []Operation{
			{ID: "ListOtpDevicesByUserId", Handler: "listOTPDevices", Action: "workspace:users:listOtpDevices", Summary: "List a user's authenticator apps"},
			{ID: "BatchDeleteOtpDevices", Handler: "deleteOTPDevices", Action: "workspace:users:deleteOtpDevices", Summary: "Unbind authenticator apps: the user signs in without a code, or sets up an app again"},
		},
		Types: map[string]Fields{
			"OtpDevice":        {"status": {Doc: "UNREGISTER: shown to the user, not confirmed yet"}},
			"DelOtpDevicesReq": {"otp_ids": {Needed: true, Doc: "1 to 100"}},
		},
	}
}
