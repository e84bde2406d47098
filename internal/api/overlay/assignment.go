package overlay

const (
	strategies  = "USER_NO_DESKTOP, USER_FIXED_DESKTOP_NUM, DESKTOP_ASSIGN_USER_PRIORITY, DESKTOP_ASSIGN_FIXED_USER, DESKTOP_ASSIGN_USERS_OR_GROUPS or FIXED_RELATION"
	newNames    = "Generates new names for desktops without computer_name"
	byType      = "Of a user or, by type, of a group"
	directory   = "The directory"
	manyAtATime = "1 to 10000"
)

// batchAttachDependencies are the dependencies of BatchAttachInstances.
var batchAttachDependencies = []string{
	"vpc:ports:get", "ims:images:get", "ims:images:list", "ims:images:share", "ims:images:updateMemberStatus", "ims:images:deleteMember",
	"ims:images:addMember",
}

func assignment() Area {
	return Area{
		Name: "assignment", File: "assignment",
		Operations: []Operation{
			{ID: "AttachInstances", Handler: "attach", Action: "workspace:desktops:attachUsers", Jobs: []string{"attachDesktops"}, Summary: "Assign desktops to the users that each names"},
			{ID: "BatchAttachInstances", Handler: "batchAttach", Action: "workspace:desktops:batchAttachUsers", Jobs: []string{"attachDesktops"}, Dependencies: batchAttachDependencies, Summary: "Assign desktops to users by a strategy"},
			{ID: "BatchAssociateInstances", Handler: "previewAttach", Action: "workspace:desktops:preBatchAttachUsers", Summary: "Preview BatchAttachInstances"},
			{ID: "DetachInstances", Handler: "detach", Action: "workspace:desktops:detachUsers", Jobs: []string{"detachDesktops"}, Summary: "Detach desktops from all their users"},
			{ID: "BatchDetachInstances", Handler: "batchDetach", Action: "workspace:desktops:batchDetachUsers", Jobs: []string{"batchDetachDesktops"}, Summary: "Detach desktops from users"},
			{ID: "ListDesktopDetachInfo", Handler: "listDetachments", Action: "workspace:desktops:listDetachInfo", Summary: "List from whom a desktop was detached"},
			{ID: "ChangeUserPrivilegeGroup", Handler: "changePrivileges", Action: "workspace:desktops:changeUserPrivilegeGroup", Jobs: []string{"changeUserPrivilegeGroup"}, Summary: "Change the privilege of users in desktops"},
			{ID: "UpdateDesktopUsername", Handler: "renameUser", Action: "workspace:desktops:changeUsername", Jobs: []string{"changeUserName"}, Summary: "Rename a user, also in their desktops"},
		},
		Types: merged(attachTypes(), detachTypes()),
	}
}

// attachTypes are the types of assigning, and of its preview.
func attachTypes() map[string]Fields {
	batch := Fields{
		"desktops":     {Doc: manyAtATime},
		"users":        {Doc: "At most 10000, among whom the strategy chooses"},
		"assign_model": {Present: true, Doc: "If absent, the desktops name their users, as in AttachInstances"},
	}
	return map[string]Fields{
		"AttachInstancesReq": {
			"desktops":               {Doc: manyAtATime},
			"desktop_name_policy_id": {Doc: newNames},
			"image_type":             {Refuse: "not offered here; leave it out"},
			"image_id":               {Refuse: "not offered here; leave it out"},
			"encrypt_type":           {Refuse: "not offered here; leave it out", Unless: "KEEP", Doc: "KEEP has no effect"},
			"kms_id":                 {Refuse: "disks cannot be encrypted with a key service here; leave it out"},
		},
		"AttachInstancesDesktopInfo": { // also what the preview answers, as a body for AttachInstances
			"desktop_id":        {Sparse: true},
			"user_name":         {Sparse: true, Doc: "The user who gets the desktop; ignored if attach_user_infos is not empty"},
			"user_id":           {Sparse: true, Doc: "Instead of user_name, or in addition to it"},
			"user_email":        {Sparse: true, Doc: "Address for notifications; with it, an unknown user is created"},
			"user_group":        {Sparse: true, Doc: privilege + ". Also applied to users named by the desktop who already have it"},
			"computer_name":     {Sparse: true, InRoom: inRoomForOthers, Doc: "The desktop's new name, 1 to 15 characters"},
			"is_clear_data":     {Present: true, Sparse: true, Doc: "Whether to erase the data of a former user who gets the desktop again; true by default"},
			"attach_user_infos": {Sparse: true, Doc: "Users and groups who get the desktop: at most 500, several only for SHARED desktops"},
		},
		"AttachInstancesUserInfo": {
			"user_id":    {Doc: byType},
			"user_name":  {Loose: true},
			"domain":     {Doc: directory},
			"user_group": {Loose: true, Doc: privilege},
			"type":       {Doc: "USER by default"},
		},
		"BatchAttachInstancesReq":    batch,
		"PreBatchAttachInstancesReq": batch,
		"AssignModelInfo": { // the room checks what goes with what
			"assign_dimension":         {Enum: []string{}, Doc: "USER or DESKTOP"},
			"priority_strategy":        {Enum: []string{}, Doc: strategies},
			"desktop_assigin_user_num": {Doc: "0 to 100"},
			"user_assigin_desktop_num": {Doc: "0 to 100"},
			"desktop_name_policy_id":   {Doc: newNames},
		},
	}
}

// detachTypes are the types of previews, detaching and privileges.
func detachTypes() map[string]Fields {
	detached := Fields{
		"job_id":                {Doc: "Has already ended if no user had any of the desktops; empty if all were refused"},
		"success_job_ids":       {Doc: "The same job id, if there is a job"},
		"failed_operation_list": {Doc: "Desktops that were not changed"},
	}
	return map[string]Fields{
		"BatchAssociateInstancesResponse": {
			"desktop":               {Doc: "All desktops of the request"},
			"user":                  {Doc: "All users of the request"},
			"desktops_attach_infos": {Doc: "The planned assignments and changes, in the form that AttachInstances takes"},
			"left_desktops":         {Doc: "Desktops that get no user, or fewer than requested, with the reason"},
			"left_users":            {Doc: "Users who get no desktop, or fewer than requested, with the reason"},
		},
		"DesktopDimensionAttachInfo": {
			"user_num":  {Doc: "Number of users who would get it"},
			"user_name": {Doc: "Names of the holders, separated by commas"},
		},
		"UserDimensionAttachInfo": {
			"user_id":      {Doc: "Empty for a user who would be created"},
			"desktop_num":  {Doc: "Number of desktops the user would get"},
			"desktop_name": {Doc: "Names of the desktops, separated by commas"},
		},
		"DetachInstancesReq": {
			"desktop_ids":          {Doc: manyAtATime},
			"shutoff_after_detach": {Doc: "Stop the desktops afterwards"},
		},
		"DetachInstancesResponse":      detached,
		"BatchDetachInstancesResponse": detached,
		"BatchDetachInstancesReq":      {"desktops": {Doc: manyAtATime}},
		"DetachInstancesDesktopInfo": {
			"detach_user_infos": {Doc: "At most 500; required for desktops with several users"},
			"is_clear_data":     {Doc: "Erase the data of the detached users at once; by default it stays in the desktop, inaccessible, until the desktop is assigned again"},
		},
		"DetachInstancesUserInfo": {
			"user_id":   {Doc: byType},
			"user_name": {Loose: true},
			"domain":    {Doc: directory},
			"type":      {Doc: "USER by default"},
		},
		"ListDesktopDetachInfoResponse": {"desktop_detach_infos": {Doc: "The latest first, at most 500"}},
		"DesktopDetachInfo": {
			"user_id":   {Doc: byType},
			"user_name": {Doc: "The name at that time"},
		},
		"ChangeUserPrivilegeGroupReq": {
			"desktops":             {Doc: manyAtATime},
			"user_privilege_group": {Doc: "For all users without a privilege of their own: " + privilege},
		},
		"ChangeUserPrivilegeGroupDesktopInfo": {"attach_user_infos": {Doc: "At most 500; all users of the desktop if absent"}},
		"ChangeUserPrivilegeGroupUserInfo": {
			"domain":               {Doc: directory},
			"user_privilege_group": {Doc: "Overrides the common one"},
			"type":                 {Loose: true, Doc: "USER by default"},
		},
		"UpdateDesktopUsernameReq": {
			"old_user_domain": {Doc: directory},
			"new_user_domain": {Doc: directory},
			"is_reboot":       {Doc: "Restart the user's running desktops"},
		},
	}
}
