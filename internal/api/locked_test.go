package api_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"carrel/internal/api"
	"carrel/internal/workspace"
)

// refusedWhileLocked says of every operation that changes something whether it is refused while the project's service is locked, as docs/tenant.md
// tells. Who adds an operation decides it here.
var refusedWhileLocked = map[string]bool{
	// Public addresses, which are not the service's, as networks are not.
	"AssociateDesktopsEip": false, "BatchDisassociateDesktopsEip": false, "CreatePublicip": false, "UpdatePublicip": false, "DeletePublicip": false,
	"UpdateBandwidth": false, "AssociatePublicips": false, "DisassociatePublicips": false,
	// Desktops, and what machines depend on.
	"CreateDesktop": true, "DeleteDesktop": true, "BatchDeleteDesktops": true, "BatchRunDesktops": true, "RunActionsOnWorkspaceJob": true,
	"AttachInstances": true, "BatchAttachInstances": true, "BatchAssociateInstances": true, "DetachInstances": true, "BatchDetachInstances": true,
	"ChangeUserPrivilegeGroup": true, "UpdateDesktopUsername": true,
	"ExecuteScriptOrCommand": true, "ExecuteScriptByDesktopTag": true, "ExecuteDesktopPoolScript": true, "RetryScriptExecution": true,
	"AddDesktopVolumes": true, "AddVolumes": true, "ExpandDesktopVolume": true, "ExpandVolumes": true, "DeleteDesktopVolumes": true, "BatchModifyQosVolumes": true,
	"BatchCreateDesktopSnapshot": true, "BatchRestoreDesktopSnapshot": true, "BatchDeleteDesktopSnapshot": true,
	"ApplyDesktopsInternet": true,
	"ChangeDesktopNetwork":  true, "BatchChangeDesktopNetwork": true,
	"BatchRebuildDesktopsSystemDisk": true, "ResizeDesktop": true, "UpdateDesktop": true, "BatchLogoffDesktops": true, "SetMaintenanceMode": true,
	"CreateOrder": true, "CreateChangeOrder": true, "CreateDesktopBatchOrder": true, "CreateDesktopPoolChangeOrder": true,
	// Pools.
	"CreateDesktopPool": true, "UpdateDesktopPool": true, "DeleteDesktopPool": true, "ExpandDesktopPool": true, "ShrinkDesktopPool": true,
	"ExecuteDesktopPoolAction": true, "CreateDesktopPoolAuthorizedObjects": true, "TakeBackPoolDesktops": true,
	"RebuildDesktopPool": true, "RevertDesktopPool": true, "ResizeDesktopPool": true,
	"AddDesktopPoolVolumes": true, "DeleteDesktopPoolVolumes": true, "ExpandDesktopPoolVolumes": true,
	// Who there is.
	"CreateDesktopUser": true, "BatchCreateUsers": true, "ImportUserList": true, "DeleteUser": true, "BatchDeleteUser": true,
	"CreateUserGroup": true, "DeleteUserGroup": true, "BatchDeleteUserGroups": true,
	// The service itself, its settings, and what is created in it.
	"UpdateWorkspace": true, "CancelWorkspace": true, "UpdateEnterpriseId": true, "UpdateTenantConfig": true,
	"UpdateSignInRules": true, "UpdateAuthConfig": true, "UpdateAuthMethodConfig": true, "UpdateAssistAuthMethodConfig": true, "UpdateAssistAuthConfigApplyObjects": true,
	"CreateScript": true, "CreateDesktopNamePolicy": true, "AddOu": true,

	"UnlockWorkspace": false,
	"ApplyWorkspace":  false, // of another project: a locked service is open
	// What brakes, too.
	"ChangeUserStatus": false, "ResetRandomPassword": false, "SendEmail": false, "BatchDeleteOtpDevices": false, "StopScriptExecution": false, "SendDesktopPoolNotifications": false,
	"SendNotifications": false,
	// Networks and images, which are not the service's.
	"CreateVpc": false, "UpdateVpc": false, "DeleteVpc": false, "CreateVpcSubnet": false, "UpdateVpcSubnet": false, "DeleteVpcSubnet": false,
	"CreateSecurityGroup": false, "UpdateSecurityGroup": false, "DeleteSecurityGroup": false, "CreateSecurityGroupRule": false, "DeleteSecurityGroupRule": false,
	"CreateVpcSecurityGroup": false, "DeleteVpcSecurityGroup": false, "CreateVpcSecurityGroupRule": false, "DeleteVpcSecurityGroupRule": false,
	"CreateCloudImage": true, "ChangeDesktopToImage": true, "UpdateCloudImage": false, "DeleteGlanceImage": false, "AddImageMembers": false, "UpdateImageMembers": false, "DeleteImageMembers": false,
	// What no machine depends on.
	"ExportDesktopListNew": false,
	"CreateTag":            false, "DeleteTag": false, "BatchChangeTags": false, "BatchAddDesktopsTags": false, "BatchDeleteDesktopsTags": false,
	"UpdateUserInfo": false, "UpdateUserGroup": false, "RunActionsOnGroup": false, // of a group without desktops
	"UpdateOuInfo": false, "DeleteOu": false, "UpdateDesktopNamePolicy": false, "BatchDeleteDesktopNamePolicy": false, "UpdateScript": false, "DeleteScript": false,
	"ExportUsersNew": false, "ExportUserGroupUsersNew": false, "DeleteExportTasks": false, "BatchDeleteSubJobs": false,
	"CreateAgencies": false, "CreateEnterpriseProject": false, "UpdateEnterpriseProject": false, "EnableEnterpriseProject": false, "MigrateResource": false,
}

func (e *env) lock(reason string) {
	e.Helper()
	if err := e.service.Tenants.Lock(e.Context(), workspace.Caller{ProjectID: e.first.ProjectID}, reason); err != nil {
		e.Fatal(err)
	}
}

// locked checks that an answer is the refusal of a locked service.
func (e *env) locked(a answer) {
	e.Helper()
	e.refused(a, http.StatusConflict, workspace.CodeServiceLocked, "is locked (moving house): PUT /v2/")
}

// work are all rows but the trail, which has refusals, too.
func (o *office) work() []string {
	return slices.DeleteFunc(o.rows(), func(row string) bool { return strings.HasPrefix(row, "audit_records ") })
}

func TestALockedServiceRefusesWhatThePageSaysAndNothingElse(t *testing.T) {
	o := newOffice(t)
	top := o.TB
	for _, id := range []string{o.first.ProjectID, o.ids["vacant"]} {
		project := *o.env
		project.first.ProjectID = id
		project.lock("moving house")
	}
	before := o.work()
	for _, id := range slices.Sorted(maps.Keys(api.Changing())) {
		t.Run(id, func(t *testing.T) {
			o.TB = t
			defer func() { o.TB = top }()
			refused, decided := refusedWhileLocked[id]
			switch {
			case !decided:
				t.Errorf("nobody has decided whether %s is refused while the service is locked", id)
			case refused:
				o.locked(o.send(id))
				if !slices.Equal(o.work(), before) {
					t.Error("a refused call changed something")
				}
			default:
				if a := o.send(id, dryly); a.status != http.StatusOK {
					t.Errorf("status %d: %s", a.status, a.raw)
				}
			}
		})
	}
	for id := range refusedWhileLocked {
		if _, there := api.Changing()[id]; !there {
			t.Errorf("%s changes nothing", id)
		}
	}
	o.ok(o.do("PUT", o.path("/workspaces/lock-status"), object{"operate_type": "unlock"}))
	o.ok(o.send("BatchRunDesktops"))
}

// Who is in a group that has desktops is a matter of the accounts in these desktops.
func TestMembersOfAGroupWithDesktopsStayWhileTheServiceIsLocked(t *testing.T) {
	o := newOffice(t)
	shared := o.create(object{"size": 1, "desktop_name": "shared", "desktop_type": "SHARED"})
	o.settle(shared...)
	o.ok(o.post("/desktops/attach", object{"desktops": []object{{"desktop_id": shared[0], "attach_user_infos": []object{{"user_id": o.ids["group"], "type": "GROUP"}}}}}))
	o.lock("moving house")
	o.locked(o.send("RunActionsOnGroup"))
	o.ok(o.do("PUT", o.path("/workspaces/lock-status"), object{"operate_type": "unlock"}))
	o.silent(o.send("RunActionsOnGroup"))
}

// A closed service holds no brake: what is left in the project can be deleted.
func TestUsersOfAClosedServiceCanBeDeleted(t *testing.T) {
	e := newEnv(t)
	ann, staff := e.somebody("ann"), e.group("Staff")
	e.ok(e.do("DELETE", e.path("/workspaces"), nil))
	e.ok(e.do("DELETE", e.path("/users/"+ann), nil))
	e.silent(e.do("DELETE", e.path("/groups/"+staff), nil))
}
