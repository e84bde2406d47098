package overlay

// Examples has request bodies by operation: something that a newcomer could want. A text such as $DESKTOP_ID stands for what only the reader
// knows. The description makes the example of any other operation from the fields that it requires, and parameters need none: $DESKTOP_ID is the
// one of desktop_id.
func Examples() map[string]string {
	return merged(exampleDesktops, exampleAssignments, examplePools, exampleUsers, exampleScripts, exampleTags, exampleNetworks, exampleOrders)
}

var exampleDesktops = map[string]string{
	"CreateDesktop": `{"desktop_type": "DEDICATED", "product_id": "$PRODUCT_ID", "image_type": "gold", "image_id": "$IMAGE_ID",
		"root_volume": {"type": "SAS", "size": 80}, "desktops": [{"user_name": "anna", "user_group": "sudo"}]}`,
	"BatchDeleteDesktops": `{"desktop_ids": ["$DESKTOP_ID"]}`,
	"BatchRunDesktops":    `{"desktop_ids": ["$DESKTOP_ID"], "op_type": "reboot", "type": "SOFT"}`,
	"UpdateDesktop":       `{"desktop": {"computer_name": "annas-pc"}}`,
	"BatchRebuildDesktopsSystemDisk": `{"desktop_ids": ["$DESKTOP_ID"], "image_type": "gold", "image_id": "$IMAGE_ID", "delay_time": 15,
		"message": "Your desktop gets a new system. Please save your work."}`,
	"ResizeDesktop":                `{"desktops": [{"desktop_id": "$DESKTOP_ID"}], "product_id": "$PRODUCT_ID", "mode": "STOP_DESKTOP"}`,
	"BatchLogoffDesktops":          `{"desktop_ids": ["$DESKTOP_ID"], "message": "The library closes."}`,
	"SetMaintenanceMode":           `{"desktop_ids": ["$DESKTOP_ID"], "in_maintenance_mode": true}`,
	"CheckDesktopImages":           `{"desktop_ids": ["$DESKTOP_ID"]}`,
	"SendNotifications":            `{"desktop_ids": ["$DESKTOP_ID"], "notifications": "The library closes at eight."}`,
	"RunActionsOnWorkspaceJob":     `{"op_type": "retry"}`,
	"BatchDeleteSubJobs":           `{"delete_by_status": "FAILED"}`,
	"CreateDesktopNamePolicy":      `{"policy_name": "library", "name_prefix": "LIB", "digit_number": 3, "start_number": 1, "single_domain_user_inc": 0}`,
	"UpdateDesktopNamePolicy":      `{"digit_number": 4}`,
	"BatchDeleteDesktopNamePolicy": `{"policy_ids": ["$POLICY_ID"]}`,
	"AddOu":                        `{"domain": "carrel.local", "ou_name": "Reading room"}`,
	"UpdateOuInfo":                 `{"ou_name": "Archive"}`,
}

var exampleAssignments = map[string]string{
	"AttachInstances": `{"desktops": [{"desktop_id": "$DESKTOP_ID", "user_name": "$USER_NAME", "user_group": "sudo"}]}`,
	"BatchAttachInstances": `{"desktops": [{"desktop_id": "$DESKTOP_ID"}], "users": [{"user_name": "$USER_NAME", "user_group": "sudo"}],
		"assign_model": {"assign_dimension": "USER", "priority_strategy": "USER_NO_DESKTOP"}}`,
	"BatchAssociateInstances": `{"desktops": [{"desktop_id": "$DESKTOP_ID"}], "users": [{"user_name": "$USER_NAME", "user_group": "sudo"}],
		"assign_model": {"assign_dimension": "USER", "priority_strategy": "USER_NO_DESKTOP"}}`,
	"DetachInstances":          `{"desktop_ids": ["$DESKTOP_ID"]}`,
	"BatchDetachInstances":     `{"desktops": [{"desktop_id": "$DESKTOP_ID", "is_detach_all_users": true}]}`,
	"ChangeUserPrivilegeGroup": `{"desktops": [{"desktop_id": "$DESKTOP_ID"}], "user_privilege_group": "default"}`,
	"UpdateDesktopUsername":    `{"old_username": "$USER_NAME", "new_username": "anna", "is_reboot": false}`,
}

var examplePools = map[string]string{
	"ApplyWorkspace":     `{"ad_domains": {"domain_type": "LITE_AS"}}`,
	"UpdateTenantConfig": `{"function_config": {"name": "run_scripts", "status": "ON"}}`,

	"AddImageMembers":                   `{"images": ["$IMAGE_ID"], "projects": ["$OTHER_PROJECT_ID"]}`,
	"UpdateImageMembers":                `{"images": ["$IMAGE_ID"], "project_id": "$PROJECT_ID", "status": "accepted"}`,
	"DeleteImageMembers":                `{"images": ["$IMAGE_ID"], "projects": ["$OTHER_PROJECT_ID"]}`,
	"CreateCloudImage":                  `{"name": "Physics 2026", "instance_id": "$DESKTOP_ID"}`,
	"ChangeDesktopToImage":              `{"desktop_id": "$DESKTOP_ID", "image_name": "Physics 2026"}`,
	"CheckSysprepInfo":                  `{"desktop_ids": ["$DESKTOP_ID"]}`,
	"UpdateCloudImage":                  `[{"op": "replace", "path": "/name", "value": "Physics 2026"}]`,
	"ShowResourceBindEnterpriseProject": `{"resource_types": ["workspace-desktop"], "offset": 0, "limit": 10}`,

	"CreateDesktopPool": `{"name": "library", "type": "DYNAMIC", "size": 1, "product_id": "$PRODUCT_ID", "image_type": "gold", "image_id": "$IMAGE_ID",
		"root_volume": {"type": "SAS", "size": 80}, "subnet_ids": ["$SUBNET_ID"],
		"authorized_objects": [{"object_type": "USER", "object_id": "$USER_ID", "object_name": "$USER_NAME", "user_group": "sudo"}]}`,
	"UpdateDesktopPool":        `{"description": "For the library"}`,
	"ExpandDesktopPool":        `{"size": 1}`,
	"ShrinkDesktopPool":        `{"size": 1}`,
	"ExecuteDesktopPoolAction": `{"op_type": "os-stop", "type": "SOFT"}`,
	"CreateDesktopPoolAuthorizedObjects": `{"action": "ADD",
		"objects": [{"object_type": "USER_GROUP", "object_id": "$GROUP_ID", "object_name": "$GROUP_NAME", "user_group": "default"}]}`,
	"SendDesktopPoolNotifications": `{"notifications": "The library closes at eight."}`,
	"TakeBackPoolDesktops":         `{"desktop_ids": ["$DESKTOP_ID"]}`,
	"RebuildDesktopPool":           `{"image_id": "$IMAGE_ID", "message": "Please save your work.", "delay_time": 15}`,
	"ResizeDesktopPool":            `{"product_id": "$PRODUCT_ID", "mode": "STOP_DESKTOP"}`,
	"AddDesktopPoolVolumes":        `{"volumes": [{"type": "SAS", "size": 20}]}`,
	"DeleteDesktopPoolVolumes":     `{"volumes": [{"id": "$VOLUME_ID"}]}`,
	"ExpandDesktopPoolVolumes":     `{"volumes": [{"id": "$VOLUME_ID", "size": 30}]}`,

	"ApplyDesktopsInternet":        `{"desktop_ids": ["$DESKTOP_ID"], "eip_type": "5_bgp", "eip_charge_mode": "TRAFFIC", "bandwidth_size": 20}`,
	"AssociateDesktopsEip":         `{"eip_id": "$EIP_ID", "desktop_id": "$DESKTOP_ID"}`,
	"BatchDisassociateDesktopsEip": `{"desktop_ids": ["$DESKTOP_ID"]}`,
	"CreatePublicip":               `{"publicip": {"type": "5_bgp"}, "bandwidth": {"share_type": "PER", "size": 20, "charge_mode": "traffic"}}`,
	"UpdatePublicip":               `{"publicip": {"port_id": "$DESKTOP_ID"}}`,
	"UpdateBandwidth":              `{"bandwidth": {"size": 50}}`,
	"AssociatePublicips":           `{"publicip": {"associate_instance_type": "PORT", "associate_instance_id": "$DESKTOP_ID"}}`,

	"CheckCidr":                 `{"tenant_cidrs": ["172.20.0.0/16"]}`,
	"ChangeDesktopNetwork":      `{"subnet_id": "$SUBNET_ID", "security_group_ids": ["$SECURITY_GROUP_ID"]}`,
	"BatchChangeDesktopNetwork": `{"desktop_ids": ["$DESKTOP_ID"], "subnet_id": "$SUBNET_ID"}`,

	"BatchCreateDesktopSnapshot":  `{"desktop_ids": ["$DESKTOP_ID"], "disk_type": "SYSTEM_DISK", "system_disk_snapshot": {"name": "before the update"}}`,
	"BatchRestoreDesktopSnapshot": `{"snapshot_ids": ["$SNAPSHOT_ID"]}`,
	"BatchDeleteDesktopSnapshot":  `{"snapshot_ids": ["$SNAPSHOT_ID"]}`,

	"AddDesktopVolumes":     `{"volumes": [{"type": "SSD", "size": 20}]}`,
	"AddVolumes":            `{"desktop_volumes": [{"desktop_id": "$DESKTOP_ID", "volumes": [{"type": "GPSSD2", "size": 20, "iops": 3000, "throughput": 125}]}]}`,
	"ExpandDesktopVolume":   `{"new_size": 30}`,
	"ExpandVolumes":         `{"desktop_volumes_expansion": [{"desktop_id": "$DESKTOP_ID", "volume_id": "$VOLUME_ID", "new_size": 40}]}`,
	"DeleteDesktopVolumes":  `{"volume_ids": ["$VOLUME_ID"]}`,
	"BatchModifyQosVolumes": `{"volume_ids": ["$VOLUME_ID"], "qos": {"iops": 4000, "throughput": 200}}`,
}

var exampleUsers = map[string]string{
	"CreateDesktopUser":     `{"user_name": "anna", "user_email": "anna@example.org", "active_type": "USER_ACTIVATE"}`,
	"BatchCreateUsers":      `{"users": [{"user_name": "anna", "user_email": "anna@example.org"}, {"user_name": "ben", "user_email": "ben@example.org"}]}`,
	"UpdateUserInfo":        `{"description": "Works upstairs"}`,
	"ChangeUserStatus":      `{"op_type": "LOCK"}`,
	"BatchDeleteUser":       `{"user_ids": ["$USER_ID"]}`,
	"SendEmail":             `{}`,
	"BatchDeleteOtpDevices": `{"otp_ids": ["$OTP_ID"]}`,

	"UpdateAssistAuthMethodConfig":       `{"otp_config_info": {"enable": true}}`,
	"UpdateAssistAuthConfigApplyObjects": `{"add": [{"object_type": "USER", "object_id": "$USER_ID", "object_name": "$USER_NAME"}]}`,
	"UpdateAuthMethodConfig":             `{"auth_type": "USER_PASSWORD"}`,
	"UpdateAuthConfig":                   `{"sms_login_enabled": false}`,
	"ValidateConfig":                     `{"auth_type": "USER_PASSWORD"}`,

	"CreateUserGroup":       `{"group_name": "Readers", "platform_type": "LOCAL"}`,
	"UpdateUserGroup":       `{"group_name": "Librarians"}`,
	"RunActionsOnGroup":     `{"op_type": "ADD", "user_ids": ["$USER_ID"]}`,
	"BatchDeleteUserGroups": `{"group_ids": ["$GROUP_ID"]}`,
	"ExportUsersNew":        `{}`,
	"DeleteExportTasks":     `{"task_ids": ["$TASK_ID"]}`,
}

var exampleScripts = map[string]string{
	"CreateScript":              `{"name": "greet", "type": "SHELL", "content": "echo hello"}`,
	"UpdateScript":              `{"name": "greet", "content": "echo good morning"}`,
	"ExecuteScriptOrCommand":    `{"resource_ids": ["$DESKTOP_ID"], "script_ids": ["$SCRIPT_ID"]}`,
	"ExecuteScriptByDesktopTag": `{"desktop_tag": "floor=2", "command_content": "echo hello", "command_type": "SHELL"}`,
	"ExecuteDesktopPoolScript":  `{"script_ids": ["$SCRIPT_ID"]}`,
	"RetryScriptExecution":      `{"task_id": "$TASK_ID"}`,
	"StopScriptExecution":       `{"task_id": "$TASK_ID"}`,
}

var exampleTags = map[string]string{
	"ListDesktopsByTags":      `{"action": "filter", "tags": [{"key": "floor", "values": ["2"]}]}`,
	"ListDesktopByTags":       `{"action": "filter", "tags": [{"key": "floor", "values": ["2"]}]}`,
	"CreateTag":               `{"tag": {"key": "floor", "value": "2"}}`,
	"BatchChangeTags":         `{"action": "create", "tags": [{"key": "floor", "value": "2"}]}`,
	"BatchAddDesktopsTags":    `{"desktops": [{"desktop_id": "$DESKTOP_ID", "tags": [{"key": "floor", "value": "2"}]}]}`,
	"BatchDeleteDesktopsTags": `{"desktops": [{"desktop_id": "$DESKTOP_ID", "tags": [{"key": "floor", "value": "2"}]}]}`,
}

var exampleNetworks = map[string]string{
	"CreateVpc":                  `{"vpc": {"name": "labs", "cidr": "172.20.0.0/16"}}`,
	"UpdateVpc":                  `{"vpc": {"description": "Laboratories"}}`,
	"CreateVpcSubnet":            `{"subnet": {"name": "lab-1", "cidr": "172.20.1.0/24", "gateway_ip": "172.20.1.1", "vpc_id": "$VPC_ID"}}`,
	"UpdateVpcSubnet":            `{"subnet": {"name": "lab-one"}}`,
	"CreateVpcSecurityGroup":     `{"security_group": {"name": "web"}}`,
	"CreateVpcSecurityGroupRule": `{"security_group_rule": {"security_group_id": "$SECURITY_GROUP_ID", "direction": "ingress", "protocol": "tcp", "port_range_min": 80, "port_range_max": 80}}`,
	"CreateSecurityGroup":        `{"security_group": {"name": "web", "description": "Web servers"}}`,
	"UpdateSecurityGroup":        `{"security_group": {"description": "Servers of web pages"}}`,
	"CreateSecurityGroupRule":    `{"security_group_rule": {"security_group_id": "$SECURITY_GROUP_ID", "direction": "ingress", "protocol": "tcp", "multiport": "80,443"}}`,
}

var exampleOrders = map[string]string{
	"CreateOrder": `{"type": "createDesktops", "resources": [{"create_desktops": {"desktop_type": "DEDICATED", "product_id": "$PRODUCT_ID", "image_type": "gold",
		"image_id": "$IMAGE_ID", "root_volume": {"type": "SAS", "size": 80}, "desktops": [{"user_name": "anna", "user_group": "sudo"}]}}]}`,
	"CreateChangeOrder":               `{"type": "resizeDesktops", "resize_product_id": "$PRODUCT_ID"}`,
	"CreateDesktopBatchOrder":         `{"type": "RESIZE", "resize_param": {"desktop_ids": ["$DESKTOP_ID"], "product_id": "$PRODUCT_ID"}}`,
	"CreateDesktopPoolChangeOrder":    `{"type": "CHANGE_IMAGE", "change_image_param": {"desktop_pool_id": "$POOL_ID", "image_id": "$IMAGE_ID"}}`,
	"EstimateAddResources":            `{"desktop_ids": ["$DESKTOP_ID"]}`,
	"EstimateChangeImages":            `{"desktop_ids": ["$DESKTOP_ID"], "image_id": "$IMAGE_ID"}`,
	"EstimateDesktopPoolAddVolume":    `{"desktop_pool_id": "$POOL_ID"}`,
	"EstimateDesktopPoolExtendVolume": `{"desktop_pool_id": "$POOL_ID"}`,
	"EstimateDesktopPoolResize":       `{"desktop_pool_id": "$POOL_ID"}`,
	"EstimateDesktopPoolChangeImage":  `{"desktop_pool_id": "$POOL_ID", "image_id": "$IMAGE_ID"}`,
}
