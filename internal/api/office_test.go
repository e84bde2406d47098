package api_test

import (
	"bytes"
	"cmp"
	"database/sql"
	"fmt"
	"maps"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"

	"carrel/internal/api"
	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/workspace"
)

// office is an env in which every operation that changes something has something to change.
type office struct {
	*env
	database string
	ids      map[string]string // by the names that the calls use
}

// call is a request. Words in braces in its path and body are ids of the office.
type call struct {
	path, body string
	file       string // to be uploaded
	project    string // one of the office's ids; empty: the first project
}

// goodCalls has a call of every operation that changes something; it succeeds.
var goodCalls = map[string]call{
	"BatchDeleteOtpDevices": {path: "/users/{cara}/otp-devices", body: `{"otp_ids": ["{otp}"]}`},

	"UpdateAssistAuthMethodConfig":       {path: "/assist-auth-config/method-config", body: `{"otp_config_info": {"enable": false}}`},
	"UpdateAssistAuthConfigApplyObjects": {path: "/assist-auth-config/apply-objects", body: `{"add": [{"object_type": "USER", "object_id": "{ann}", "object_name": "ann"}]}`},
	"UpdateAuthMethodConfig":             {path: "/auth-config/method-config", body: `{"auth_type": "USER_PASSWORD"}`},
	"UpdateAuthConfig":                   {path: "/auth-configs/local-password", body: `{"sms_login_enabled": false}`},
	"ApplyWorkspace":                     {path: "/workspaces", body: `{"ad_domains": {"domain_type": "LITE_AS"}}`, project: "annex"},
	"CancelWorkspace":                    {path: "/workspaces", project: "vacant"},
	"UpdateWorkspace":                    {path: "/workspaces", body: `{"enterprise_id": "house"}`},
	"UnlockWorkspace":                    {path: "/workspaces/lock-status", body: `{"operate_type": "unlock"}`},
	"UpdateEnterpriseId":                 {path: "/workspaces/enterprise-id", body: `{"enterprise_id": "house"}`},
	"UpdateTenantConfig":                 {path: "/tenant-configs", body: `{"function_config": {"name": "run_scripts", "status": "OFF"}}`},

	"UpdateSignInRules": {path: "/sign-in-rules", body: `{"password": {"min_length": 12}, "lockout": {"attempts": 3, "minutes": 30}}`},

	"AddOu":        {path: "/ous", body: `{"domain": "` + directory.BuiltInDomain + `", "ou_name": "Press"}`},
	"UpdateOuInfo": {path: "/ous/{ou}", body: `{"ou_name": "Prose"}`},
	"DeleteOu":     {path: "/ous/{ou}"},

	"AttachInstances":          {path: "/desktops/attach", body: `{"desktops": [{"desktop_id": "{spare1}", "user_name": "cara", "user_group": "sudo"}, {"desktop_id": "{spare2}", "user_name": "dora", "user_email": "dora@example.org"}]}`},
	"BatchAttachInstances":     {path: "/desktops/batch-attach", body: `{"desktops": [{"desktop_id": "{spare1}"}, {"desktop_id": "{spare2}"}], "users": [{"user_name": "cara"}], "assign_model": {"assign_dimension": "USER", "priority_strategy": "USER_NO_DESKTOP"}}`},
	"BatchAssociateInstances":  {path: "/desktops/pre-batch-attach", body: `{"desktops": [{"desktop_id": "{spare1}"}], "users": [{"user_name": "cara"}], "assign_model": {"assign_dimension": "USER", "priority_strategy": "USER_NO_DESKTOP"}}`},
	"DetachInstances":          {path: "/desktops/detach", body: `{"desktop_ids": ["{anns}", "{bobs}"]}`},
	"BatchDetachInstances":     {path: "/desktops/batch-detach", body: `{"desktops": [{"desktop_id": "{anns}", "is_detach_all_users": true}, {"desktop_id": "none", "is_detach_all_users": true}]}`},
	"ChangeUserPrivilegeGroup": {path: "/desktops/change-user-privilege-group", body: `{"desktops": [{"desktop_id": "{anns}"}], "user_privilege_group": "default"}`},
	"UpdateDesktopUsername":    {path: "/desktops/change-username", body: `{"old_username": "ann", "new_username": "anna", "is_reboot": false}`},

	"CreateDesktop": {path: "/desktops", body: `{` + orderText + `, "desktops": [{"user_name": "ann", "user_group": "sudo"}, {"user_name": "finn", "user_email": "finn@example.org", "computer_name": "finns"}],
		"data_volumes": [{"type": "SAS", "size": 10}], "ou_name": "Sales"}`},
	"DeleteDesktop":       {path: "/desktops/{anns}?delete_users=true"},
	"BatchDeleteDesktops": {path: "/desktops/batch-delete", body: `{"desktop_ids": ["{anns}", "{spare1}"], "email_notification": true}`},
	"UpdateDesktop":       {path: "/desktops/{anns}", body: `{"desktop": {"computer_name": "annas"}}`},

	"BatchRebuildDesktopsSystemDisk": {path: "/desktops/rebuild", body: `{"desktop_ids": ["{anns}", "{spare1}"], "image_type": "gold", "image_id": "image-2", "delay_time": 15, "message": "Please save."}`},
	"ResizeDesktop":                  {path: "/desktops/resize", body: `{"desktops": [{"desktop_id": "{anns}"}, {"desktop_id": "{spare1}"}], "product_id": "large", "mode": "STOP_DESKTOP"}`},
	"BatchLogoffDesktops":            {path: "/desktops/logoff", body: `{"desktop_ids": ["{anns}", "{bobs}"], "message": "The library closes."}`},
	"ExportDesktopListNew":           {path: "/desktops/export?language=en_US"},
	"SetMaintenanceMode":             {path: "/desktops/maintenance-mode", body: `{"desktop_ids": ["{anns}", "{spare1}"], "in_maintenance_mode": true}`},
	"SendNotifications":              {path: "/desktops/notifications", body: `{"desktop_ids": ["{anns}", "{bobs}"], "notifications": "Lunch!"}`},

	"BatchRunDesktops": {path: "/desktops/action", body: `{"op_type": "os-stop", "desktop_ids": ["{anns}", "{bobs}", "none"]}`},

	"ImportUserList":          {path: "/users/desktop-users/action/import", file: "User name,Email,Activation type,Password\ngus,gus@example.org,,\nhal,,ADMIN_ACTIVATE,Secret-w0rds!\nann,other@example.org,,\n"},
	"ExportUsersNew":          {path: "/users/export", body: `{}`},
	"ExportUserGroupUsersNew": {path: "/groups/{group}/users/export"},
	"DeleteExportTasks":       {path: "/export-tasks/batch-delete", body: `{"task_ids": ["{export}"]}`},

	"CreateUserGroup":   {path: "/groups", body: `{"group_name": "Crew", "platform_type": "LOCAL"}`},
	"UpdateUserGroup":   {path: "/groups/{group}", body: `{"group_name": "Band"}`},
	"DeleteUserGroup":   {path: "/groups/{group}"},
	"RunActionsOnGroup": {path: "/groups/{group}/actions", body: `{"op_type": "ADD", "user_ids": ["{bob}"]}`},

	"RunActionsOnWorkspaceJob": {path: "/workspace-jobs/{failed}/actions", body: `{"op_type": "retry"}`},
	"BatchDeleteSubJobs":       {path: "/workspace-sub-jobs/batch-delete", body: `{"delete_by_status": "FAILED"}`},

	"CreateDesktopNamePolicy":      {path: "/desktop-name-policies", body: `{"policy_name": "labs", "name_prefix": "lab", "digit_number": 3, "start_number": 1, "single_domain_user_inc": 0}`},
	"UpdateDesktopNamePolicy":      {path: "/desktop-name-policies/{policy}", body: `{"digit_number": 4}`},
	"BatchDeleteDesktopNamePolicy": {path: "/desktop-name-policies/batch-delete", body: `{"policy_ids": ["{policy}"]}`},

	"RebuildDesktopPool":       {path: "/desktop-pools/{pool}/rebuild", body: `{"image_id": "image-2", "message": "Please save.", "delay_time": 15}`},
	"RevertDesktopPool":        {path: "/desktop-pools/{newer}/rebuild/revert"},
	"ResizeDesktopPool":        {path: "/desktop-pools/{pool}/resize", body: `{"product_id": "large", "mode": "STOP_DESKTOP"}`},
	"AddDesktopPoolVolumes":    {path: "/desktop-pools/{pool}/volumes/batch-add", body: `{"volumes": [{"type": "SAS", "size": 20}]}`},
	"DeleteDesktopPoolVolumes": {path: "/desktop-pools/{pool}/volumes/batch-delete", body: `{"volumes": [{"id": "{disk}"}]}`},
	"ExpandDesktopPoolVolumes": {path: "/desktop-pools/{pool}/volumes/batch-expand", body: `{"volumes": [{"id": "{disk}", "size": 30}]}`},

	"ApplyDesktopsInternet":        {path: "/eips", body: `{"desktop_ids": ["{spare1}", "{spare2}"], "eip_type": "5_bgp", "eip_charge_mode": "TRAFFIC", "bandwidth_size": 20}`},
	"AssociateDesktopsEip":         {path: "/eips/binding", body: `{"eip_id": "{eip}", "desktop_id": "{bobs}"}`},
	"BatchDisassociateDesktopsEip": {path: "/eips/unbinding", body: `{"desktop_ids": ["{anns}"]}`},
	"CreatePublicip":               {path: "/publicips", body: `{"publicip": {"type": "5_bgp"}, "bandwidth": {"share_type": "PER", "size": 5}}`},
	"UpdatePublicip":               {path: "/publicips/{eip}", body: `{"publicip": {"port_id": "{bobs}"}}`},
	"DeletePublicip":               {path: "/publicips/{eip}"},
	"UpdateBandwidth":              {path: "/bandwidths/{eip}", body: `{"bandwidth": {"size": 50}}`},
	"AssociatePublicips":           {path: "/eip/publicips/{eip}/associate-instance", body: `{"publicip": {"associate_instance_type": "PORT", "associate_instance_id": "{bobs}"}}`},
	"DisassociatePublicips":        {path: "/eip/publicips/{bound}/disassociate-instance"},

	"ChangeDesktopNetwork":      {path: "/desktops/{anns}/networks", body: `{"private_ip": "10.9.0.99", "security_group_ids": ["{sg}"]}`},
	"BatchChangeDesktopNetwork": {path: "/desktops/networks/batch-change", body: `{"desktop_ids": ["{anns}", "{bobs}"], "security_group_ids": ["{sg}"]}`},

	"BatchCreateDesktopSnapshot":  {path: "/snapshots/batch-create", body: `{"desktop_ids": ["{anns}", "{bobs}"], "disk_type": "ALL", "system_disk_snapshot": {"name": "mine"}}`},
	"BatchRestoreDesktopSnapshot": {path: "/snapshots/batch-restore", body: `{"snapshot_ids": ["{snapshot}"]}`},
	"BatchDeleteDesktopSnapshot":  {path: "/snapshots/batch-delete", body: `{"snapshot_ids": ["{snapshot}"]}`},

	"CreateOrder":                  {path: "/periodic/subscribe/order", body: `{"type": "createDesktops", "resources": [{"period_type": 2, "period_num": 1, "create_desktops": {` + orderText + `, "size": 1, "desktop_name": "bought"}}]}`},
	"CreateChangeOrder":            {path: "/periodic/{anns}/change/order", body: `{"type": "expandVolumes", "expand_volume_id": "{annsroot}", "expand_new_size": 100}`},
	"CreateDesktopBatchOrder":      {path: "/periodic/change/batch-order", body: `{"type": "RESIZE", "resize_param": {"desktop_ids": ["{anns}", "{spare1}"], "product_id": "large"}}`},
	"CreateDesktopPoolChangeOrder": {path: "/desktop-pool/periodic/change/order", body: `{"type": "CHANGE_IMAGE", "change_image_param": {"desktop_pool_id": "{pool}", "image_id": "image-2"}}`},

	"AddDesktopVolumes":     {path: "/desktops/{anns}/volumes", body: `{"volumes": [{"type": "SSD", "size": 20}]}`},
	"AddVolumes":            {path: "/volumes", body: `{"desktop_volumes": [{"desktop_id": "{anns}", "volumes": [{"type": "SAS", "size": 20}]}, {"desktop_id": "{bobs}", "volumes": [{"type": "SSD", "size": 10}]}]}`},
	"ExpandDesktopVolume":   {path: "/desktops/{anns}/volumes/{annsroot}/expand", body: `{"new_size": 100}`},
	"ExpandVolumes":         {path: "/volumes/expand", body: `{"desktop_volumes_expansion": [{"desktop_id": "{anns}", "volume_id": "{annsroot}", "new_size": 100}]}`},
	"DeleteDesktopVolumes":  {path: "/desktops/{anns}/volumes/batch-delete", body: `{"volume_ids": ["{annsdisk}"]}`},
	"BatchModifyQosVolumes": {path: "/volumes/batch-modify-qos", body: `{"volume_ids": ["{annsdisk}"], "qos": {"iops": 4000, "throughput": 200}}`},

	"CreateDesktopPool": {path: "/desktop-pools", body: `{` + orderText + `, "name": "POOL09", "type": "DYNAMIC", "size": 2, "subnet_ids": ["{subnet}"], "authorized_objects": [{"object_type": "USER", "object_id": "{ann}"}]}`},
	"UpdateDesktopPool": {path: "/desktop-pools/{pool}", body: `{"description": "for the lab"}`},
	"DeleteDesktopPool": {path: "/desktop-pools/{empty}"},
	"ExpandDesktopPool": {path: "/desktop-pools/{pool}/expand", body: `{"size": 2}`},

	"ExecuteDesktopPoolAction":           {path: "/desktop-pools/{pool}/action", body: `{"op_type": "os-stop", "type": "SOFT"}`},
	"CreateDesktopPoolAuthorizedObjects": {path: "/desktop-pools/{pool}/users", body: `{"action": "ADD", "objects": [{"object_type": "USER", "object_id": "{bob}"}]}`},
	"SendDesktopPoolNotifications":       {path: "/desktop-pools/{pool}/notifications", body: `{"notifications": "Lunch!"}`},
	"ShrinkDesktopPool":                  {path: "/desktop-pools/{pool}/shrink", body: `{"size": 1}`},
	"TakeBackPoolDesktops":               {path: "/desktop-pools/{pool}/desktops/take-back", body: `{"desktop_ids": ["{isolated}"]}`},

	"CreateScript":              {path: "/scripts", body: `{"name": "part", "type": "SHELL", "content": "echo bye"}`},
	"UpdateScript":              {path: "/scripts/{script}", body: `{"name": "greet", "content": "echo hello again"}`},
	"DeleteScript":              {path: "/scripts/{script}"},
	"ExecuteScriptOrCommand":    {path: "/script-executions", body: `{"resource_ids": ["{anns}", "{bobs}"], "script_ids": ["{script}"]}`},
	"ExecuteScriptByDesktopTag": {path: "/script-executions/by-desktop-tag", body: `{"desktop_tag": "team=sales", "command_content": "echo tagged", "command_type": "SHELL"}`},
	"ExecuteDesktopPoolScript":  {path: "/desktop-pools/{pool}/script-executions", body: `{"script_ids": ["{script}"]}`},
	"RetryScriptExecution":      {path: "/script-executions/retry", body: `{"task_id": "{stopped}"}`},
	"StopScriptExecution":       {path: "/script-executions/stop", body: `{"task_id": "{task}"}`},

	"CreateTag":               {path: "/desktops/{anns}/tags", body: `{"tag": {"key": "floor", "value": "2"}}`},
	"DeleteTag":               {path: "/desktops/{spare1}/tags/team"},
	"BatchChangeTags":         {path: "/desktops/{anns}/tags/action", body: `{"action": "create", "tags": [{"key": "floor", "value": "2"}]}`},
	"BatchAddDesktopsTags":    {path: "/desktops/batch-tags", body: `{"desktops": [{"desktop_id": "{anns}", "tags": [{"key": "floor", "value": "2"}]}]}`},
	"BatchDeleteDesktopsTags": {path: "/desktops/batch-tags", body: `{"desktops": [{"desktop_id": "{spare1}", "tags": [{"key": "team", "value": "sales"}]}]}`},

	"CreateDesktopUser":   {path: "/users", body: `{"user_name": "ivy", "active_type": "ADMIN_ACTIVATE", "password": "Secret-w0rds!"}`},
	"BatchCreateUsers":    {path: "/users/batch-create", body: `{"users": [{"user_name": "ivy", "user_email": "ivy@example.org"}, {"user_name": "jan", "active_type": "ADMIN_ACTIVATE", "password": "Secret-w0rds!"}]}`},
	"DeleteUser":          {path: "/users/{cara}"},
	"BatchDeleteUser":     {path: "/users/batch-delete", body: `{"user_ids": ["{cara}", "{bob}"]}`},
	"UpdateUserInfo":      {path: "/users/{ann}", body: `{"description": "sits upstairs"}`},
	"ChangeUserStatus":    {path: "/users/{ann}/actions", body: `{"op_type": "RESET_PWD"}`},
	"ResetRandomPassword": {path: "/users/{ann}/random-password?notification_type=email"},
	"SendEmail":           {path: "/users/{ann}/resend-email", body: `{}`},

	"CreateAgencies": {path: "/agencies", body: `{"scene": "WORKSPACE", "action": "FIX"}`},

	"CreateEnterpriseProject": {path: "/v1.0/enterprise-projects", body: `{"name": "Physics", "description": "upstairs", "type": "poc"}`},
	"UpdateEnterpriseProject": {path: "/v1.0/enterprise-projects/{labs}", body: `{"name": "Labs2"}`},
	"EnableEnterpriseProject": {path: "/v1.0/enterprise-projects/{labs}/action", body: `{"action": "disable"}`},
	"MigrateResource":         {path: "/v1.0/enterprise-projects/{labs}/resources-migrate", body: `{"project_id": "{project}", "resource_id": "{anns}", "resource_type": "workspace-desktop"}`},

	"CreateVpc":       {path: "/vpcs", body: `{"vpc": {"name": "upstairs", "cidr": "192.168.0.0/16"}}`},
	"UpdateVpc":       {path: "/vpcs/{vpc}", body: `{"vpc": {"description": "labs"}}`},
	"DeleteVpc":       {path: "/vpcs/{bare}"},
	"CreateVpcSubnet": {path: "/subnets", body: `{"subnet": {"name": "lan2", "cidr": "172.20.9.0/24", "gateway_ip": "172.20.9.1", "vpc_id": "{vpc}"}}`},
	"UpdateVpcSubnet": {path: "/vpcs/{vpc}/subnets/{lan}", body: `{"subnet": {"name": "wires"}}`},
	"DeleteVpcSubnet": {path: "/vpcs/{vpc}/subnets/{lan}"},

	"CreateVpcSecurityGroup":     {path: "/security-groups", body: `{"security_group": {"name": "web"}}`},
	"DeleteVpcSecurityGroup":     {path: "/security-groups/{sg}"},
	"CreateVpcSecurityGroupRule": {path: "/security-group-rules", body: `{"security_group_rule": {"security_group_id": "{sg}", "direction": "ingress", "protocol": "tcp", "port_range_min": 22, "port_range_max": 22}}`},
	"DeleteVpcSecurityGroupRule": {path: "/security-group-rules/{rule}"},
	"CreateSecurityGroup":        {path: "/vpc/security-groups", body: `{"security_group": {"name": "web"}}`},
	"UpdateSecurityGroup":        {path: "/vpc/security-groups/{sg}", body: `{"security_group": {"name": "lab"}}`},
	"DeleteSecurityGroup":        {path: "/vpc/security-groups/{sg}"},
	"CreateSecurityGroupRule":    {path: "/vpc/security-group-rules", body: `{"security_group_rule": {"security_group_id": "{sg}", "direction": "ingress", "protocol": "tcp", "multiport": "22,8000-8080"}}`},
	"DeleteSecurityGroupRule":    {path: "/vpc/security-group-rules/{rule}"},
	"CreateCloudImage":           {path: "/v2/cloudimages/action", body: `{"name": "Lab", "instance_id": "{off}"}`},
	"ChangeDesktopToImage":       {path: "/desktops/desktop-to-image", body: `{"image_name": "Lab", "desktop_id": "{off}"}`},
	"UpdateCloudImage":           {path: "/v2/cloudimages/{own}", body: `[{"op": "replace", "path": "/name", "value": "Lab"}]`},
	"DeleteGlanceImage":          {path: "/v2/images/{own}"},
	"AddImageMembers":            {path: "/v1/cloudimages/members", body: `{"images": ["{own}"], "projects": ["{annex}"]}`},
	"UpdateImageMembers":         {path: "/v1/cloudimages/members", body: `{"images": ["{shared}"], "project_id": "{project}", "status": "rejected"}`},
	"DeleteImageMembers":         {path: "/v1/cloudimages/members", body: `{"images": ["{given}"], "projects": ["{vacant}"]}`},

	"BatchDeleteUserGroups": {path: "/groups/batch-delete", body: `{"group_ids": ["{group}"]}`},
}

const orderText = `"desktop_type": "DEDICATED", "product_id": "` + product + `", "image_type": "gold", "image_id": "` + image + `", "root_volume": {"type": "SAS", "size": 80}`

func newOffice(t testing.TB) *office {
	t.Helper()
	path := storetest.SQLitePath(t)
	o := &office{env: newEnvOn(t, path), database: path, ids: map[string]string{}}
	o.ids["subnet"], o.ids["project"] = o.subnetID, o.first.ProjectID
	o.ids["labs"] = o.enterprise("Labs")
	o.update(o.moreToChooseFrom)
	o.ids["annex"] = o.do("POST", "/v3/projects", object{"project": object{"name": "annex"}}).text("project", "id")
	o.ok(o.do("POST", "/v2/"+o.ids["annex"]+"/agencies", object{}))
	o.ids["vacant"] = o.otherProject("vacant").first.ProjectID
	o.update(o.images)
	o.people()
	o.desktops()
	o.pools()
	o.scripts()
	o.networks()
	return o
}

// moreToChooseFrom adds another product and another image.
func (o *office) moreToChooseFrom(tx *store.Tx) error {
	products, err := catalog.ReadProduct(o.Context(), tx, product)
	if err != nil {
		return err
	}
	products.ID, products.CPUs = "large", 4
	if err := catalog.PutProducts(o.Context(), tx, []catalog.Product{products}); err != nil {
		return err
	}
	images, err := catalog.ReadImage(o.Context(), tx, o.first.ProjectID, image)
	if err != nil {
		return err
	}
	images.ID, images.EngineID = "image-2", "sim-2"
	return catalog.PutImages(o.Context(), tx, []catalog.Image{images})
}

// images adds images of the project's own, one of them shared, and one that another project shares with it.
func (o *office) images(tx *store.Tx) error {
	for name, owner := range map[string]string{"own": "project", "given": "project", "shared": "vacant"} {
		o.ids[name] = workspace.NewID()
		i := catalog.Image{
			ID: o.ids[name], ProjectID: o.ids[owner], Type: catalog.ImagePrivate, Name: name, OSType: "Linux", OSVersion: "Debian GNU/Linux 13",
			Architecture: "x86", MinDiskGB: 40, MinMemoryMiB: 512, EngineID: "engine-" + name, Created: tx.Now(), Updated: tx.Now(),
		}
		if err := catalog.PutImages(o.Context(), tx, []catalog.Image{i}); err != nil {
			return err
		}
	}
	for image, project := range map[string]string{"given": "vacant", "shared": "project"} {
		_, err := tx.NewRaw("INSERT INTO image_members (image_id, project_id, status, created, updated) VALUES (?, ?, 'accepted', ?, ?)",
			o.ids[image], o.ids[project], tx.Now(), tx.Now()).Exec(o.Context())
		if err != nil {
			return err
		}
	}
	return nil
}

func (o *office) people() {
	for _, name := range []string{"ann", "bob", "cara"} {
		o.ids[name] = o.somebody(name)
	}
	o.ids["group"], o.ids["ou"], o.ids["policy"] = o.group("Staff"), o.unit("Sales"), o.namePolicy(nil)
	o.ok(o.post("/ous", object{"domain": directory.BuiltInDomain, "ou_name": "Sales2"}))
	o.ids["export"] = o.ok(o.do("POST", "/v3/"+o.first.ProjectID+"/users/export", nil)).text("task_id")
	o.ids["otp"] = workspace.NewID()
	o.update(func(tx *store.Tx) error {
		_, err := tx.NewRaw("INSERT INTO otp_devices (id, user_id, secret, status, last_step, created) VALUES (?, ?, 'sealed', 'REGISTERED', 1, ?)",
			o.ids["otp"], o.ids["cara"], tx.Now()).Exec(o.Context())
		return err
	})
}

func (o *office) desktops() {
	failed := o.ok(o.post("/desktops", order(object{"size": 1, "desktop_name": "broken"}))).text("job_id")
	o.endSubJobs(failed, workspace.SubJobFailed)
	o.ids["failed"] = failed
	made := o.create(object{"desktops": desktopsFor("ann", "bob"), "data_volumes": []object{{"type": "GPSSD2", "size": 20, "iops": 3000, "throughput": 125}}})
	spares := o.create(object{"size": 2, "desktop_name": "spare", "tags": []object{{"key": "team", "value": "sales"}}})
	o.settle(slices.Concat(made, spares)...)
	shown := o.ok(o.get("/desktops/" + made[0]))
	o.ids["annsroot"], o.ids["annsdisk"] = shown.text("desktop", "root_volume", "volume_id"), shown.text("desktop", "data_volumes", 0, "volume_id")
	o.ids["snapshot"] = workspace.NewID()
	o.update(func(tx *store.Tx) error {
		_, err := tx.NewRaw("INSERT INTO snapshots (id, project_id, desktop_id, name, name_folded, description, system, automatic, status, reason, created) "+
			"VALUES (?, ?, ?, 'first', 'first', '', TRUE, FALSE, 'create_success', '', ?)", o.ids["snapshot"], o.first.ProjectID, made[0], tx.Now()).Exec(o.Context())
		return err
	})
	o.ids["anns"], o.ids["bobs"], o.ids["spare1"], o.ids["spare2"] = made[0], made[1], spares[0], spares[1]
	idle := o.create(object{"size": 1, "desktop_name": "idle"})
	o.settle(idle...)
	o.shutOff(idle[0])
	o.ids["off"] = idle[0]
}

func (o *office) pools() {
	disks := object{"size": 3, "data_volumes": []object{{"type": "SSD", "size": 10}}}
	id, members := o.pool(disks)
	o.endWork(id)
	o.ids["pool"], o.ids["isolated"] = id, members[2]
	o.ids["disk"] = o.ok(o.get("/desktop-pools/"+id)).text("data_volumes", 0, "id")
	o.change(members[2], "", func(m *desktop.Member) { m.Isolated = true })
	newer, _ := o.pool(object{"name": "POOL02", "size": 1})
	o.endWork(newer)
	o.ok(o.post("/desktop-pools/"+newer+"/rebuild", object{"image_id": "image-2", "handle_type": "ONLY_FOR_EXPAND"}))
	o.endWork(newer)
	o.ids["newer"] = newer
	empty, last := o.pool(object{"name": "POOL03", "size": 1})
	o.endWork(empty)
	o.update(func(tx *store.Tx) error { return desktop.DeleteDesktop(o.Context(), tx, last[0]) })
	o.ids["empty"] = empty
}

func (o *office) scripts() {
	write := func(name string) string {
		return o.ok(o.post("/scripts", object{"name": name, "type": "SHELL", "content": "echo " + name})).text("script_id")
	}
	run := func(script, desktop string) string {
		return o.ok(o.post("/script-executions", object{"resource_ids": []string{o.ids[desktop]}, "script_ids": []string{script}})).text("task_id")
	}
	o.ids["script"] = write("greet")
	other := write("wave")
	o.ids["stopped"], o.ids["task"] = run(other, "anns"), run(other, "bobs")
	o.ok(o.post("/script-executions/stop", object{"task_id": o.ids["stopped"]}))
}

func (o *office) networks() {
	at := func(version, path string) string { return "/" + version + "/" + o.first.ProjectID + path }
	vpc := func(name, cidr string) string {
		return o.ok(o.do("POST", at("v1", "/vpcs"), object{"vpc": object{"name": name, "cidr": cidr}})).text("vpc", "id")
	}
	o.ids["vpc"], o.ids["bare"] = vpc("labs", "172.20.0.0/16"), vpc("bare", "172.20.0.0/16")
	o.ids["lan"] = o.ok(o.do("POST", at("v1", "/subnets"), object{"subnet": object{"name": "lan", "cidr": "172.20.1.0/24", "vpc_id": o.ids["vpc"]}})).text("subnet", "id")
	eip := func(desktop string) string {
		return o.ok(o.do("POST", at("v1", "/publicips"), object{
			"publicip": object{"type": "5_bgp", "port_id": desktop}, "bandwidth": object{"share_type": "PER", "size": 5},
		})).text("publicip", "id")
	}
	o.ids["eip"], o.ids["bound"] = eip(""), eip(o.ids["anns"])
	group := o.ok(o.do("POST", at("v3", "/vpc/security-groups"), object{"security_group": object{"name": "lab"}}))
	o.ids["sg"], o.ids["rule"] = group.text("security_group", "id"), group.text("security_group", "security_group_rules", 1, "id")
}

// send makes the good call of an operation.
func (o *office) send(id string, change ...func(*http.Request)) answer {
	o.Helper()
	c := goodCalls[id]
	return o.sendTo(id, c.path, c.body, change...)
}

// sendTo calls an operation with another path or body.
func (o *office) sendTo(id, path, body string, change ...func(*http.Request)) answer {
	o.Helper()
	operation := api.Changing()[id]
	prefix, _, ofProject := strings.Cut(operation[1], "{project_id}")
	if prefix += cmp.Or(o.ids[goodCalls[id].project], o.first.ProjectID); !ofProject {
		prefix = ""
	}
	if file := goodCalls[id].file; file != "" {
		var kind string
		body, kind = uploadOf(o, file)
		change = append(change, func(r *http.Request) { r.Header.Set("Content-Type", kind) })
	}
	return o.do(operation[0], o.filled(prefix+path), o.filled(body), change...)
}

// filled puts ids in place of their names.
func (o *office) filled(text string) string {
	for name, id := range o.ids {
		text = strings.ReplaceAll(text, "{"+name+"}", id)
	}
	return text
}

func uploadOf(t testing.TB, file string) (body, kind string) {
	t.Helper()
	var out bytes.Buffer
	form := multipart.NewWriter(&out)
	part, err := form.CreateFormFile("file", "people.csv")
	if err == nil {
		_, err = part.Write([]byte(file))
	}
	if err != nil || form.Close() != nil {
		t.Fatal("writing a form:", err)
	}
	return out.String(), form.FormDataContentType()
}

// rows are all rows of the database, as text.
func (o *office) rows() []string {
	o.Helper()
	db, err := sql.Open("sqlite", "file:"+o.database+"?_pragma=query_only(1)")
	if err != nil {
		o.Fatal(err)
	}
	defer db.Close()
	var all []string
	for _, table := range query[string](o, db, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'") {
		rows, err := db.QueryContext(o.Context(), "SELECT * FROM "+table[0])
		if err != nil {
			o.Fatal(err)
		}
		for _, row := range scan[any](o, rows) {
			all = append(all, fmt.Sprint(table[0], " ", row))
		}
	}
	slices.Sort(all)
	return all
}

func query[T any](t testing.TB, db *sql.DB, statement string) [][]T {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), statement)
	if err != nil {
		t.Fatal(err)
	}
	return scan[T](t, rows)
}

func scan[T any](t testing.TB, rows *sql.Rows) [][]T {
	t.Helper()
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var all [][]T
	for rows.Next() {
		row := make([]T, len(columns))
		into := make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// same fails unless nothing has changed since before.
func (o *office) same(before []string, what string) {
	o.Helper()
	after := o.rows()
	if slices.Equal(before, after) {
		return
	}
	known := map[string]bool{}
	for _, row := range before {
		known[row] = true
	}
	for _, row := range after {
		if !known[row] {
			o.Errorf("%s: there is a new row: %s", what, row)
		}
		delete(known, row)
	}
	for _, row := range slices.Sorted(maps.Keys(known)) {
		o.Errorf("%s: this row is gone: %s", what, row)
	}
}
