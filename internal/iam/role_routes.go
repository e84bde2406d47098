package iam

import (
	"net/http"

	"carrel/internal/route"
)

// What paths name: a user or a group, a scope, and a role.
type (
	userInDomain struct {
		DomainID string `path:"domain_id"`
		UserID   string `path:"user_id"`
	}
	roleOfUserInDomain struct {
		DomainID string `path:"domain_id"`
		UserID   string `path:"user_id"`
		RoleID   string `path:"role_id" doc:"A built-in role or a policy"`
	}
	groupInDomain struct {
		DomainID string `path:"domain_id"`
		GroupID  string `path:"group_id"`
	}
	roleOfGroupInDomain struct {
		DomainID string `path:"domain_id"`
		GroupID  string `path:"group_id"`
		RoleID   string `path:"role_id" doc:"A built-in role or a policy"`
	}
	userInProject struct {
		ProjectID string `path:"project_id"`
		UserID    string `path:"user_id"`
	}
	roleOfUserInProject struct {
		ProjectID string `path:"project_id"`
		UserID    string `path:"user_id"`
		RoleID    string `path:"role_id" doc:"A built-in role or a policy"`
	}
	groupInProject struct {
		ProjectID string `path:"project_id"`
		GroupID   string `path:"group_id"`
	}
	roleOfGroupInProject struct {
		ProjectID string `path:"project_id"`
		GroupID   string `path:"group_id"`
		RoleID    string `path:"role_id" doc:"A built-in role or a policy"`
	}
	userInEnterprise struct {
		EnterpriseProjectID string `path:"enterprise_project_id"`
		UserID              string `path:"user_id"`
	}
	roleOfUserInEnterprise struct {
		EnterpriseProjectID string `path:"enterprise_project_id"`
		UserID              string `path:"user_id"`
		RoleID              string `path:"role_id" doc:"A built-in role or a policy"`
	}
	groupInEnterprise struct {
		EnterpriseProjectID string `path:"enterprise_project_id"`
		GroupID             string `path:"group_id"`
	}
	roleOfGroupInEnterprise struct {
		EnterpriseProjectID string `path:"enterprise_project_id"`
		GroupID             string `path:"group_id"`
		RoleID              string `path:"role_id" doc:"A built-in role or a policy"`
	}
)

func (s *Service) roleRoutes() []entry {
	const ok, created, taken = http.StatusOK, http.StatusCreated, http.StatusConflict
	return []entry{
		{"GET /v3/roles", "KeystoneListPermissions", "List the built-in roles, or the policies of the account", answering(ok, s.listRoles), signed, reading("iam:roles:list"), nil},
		{"GET /v3/roles/{role_id}", "KeystoneShowPermission", "Show a built-in role or a policy", answering(ok, s.showRole), signed, reading("iam:roles:get"), nil},
		{"GET /v3.0/OS-ROLE/roles", "ListCustomPolicies", "List the policies of the account", answering(ok, s.listPolicies), signed, reading("iam:roles:list"), nil},
		{"POST /v3.0/OS-ROLE/roles", "CreateCloudServiceCustomPolicy", "Create a policy", answering(created, s.createPolicy), signed, writing("iam:roles:create"), []int{taken}},
		{"GET /v3.0/OS-ROLE/roles/{role_id}", "ShowCustomPolicy", "Show a policy", answering(ok, s.showPolicy), signed, reading("iam:roles:get"), nil},
		{"PATCH /v3.0/OS-ROLE/roles/{role_id}", "UpdateCloudServiceCustomPolicy", "Update a policy, for all to whom it is attached", answering(ok, s.updatePolicy), signed, writing("iam:roles:update"), []int{taken}},
		{"DELETE /v3.0/OS-ROLE/roles/{role_id}", "DeleteCustomPolicy", "Delete a policy that is attached to nobody", answering(ok, s.deletePolicy), signed, writing("iam:roles:delete"), []int{taken}},
		{"POST /v5/decode-authorization-message", "DecodeAuthorizationMessage", "Tell why a request was refused", answering(ok, s.decodeMessage), signed, reading("sts::decodeAuthorizationMessage"), nil},
	}
}

// grantRoutes are the operations on what is attached to users and groups. They have the names of the public service where it has them.
func (s *Service) grantRoutes() []entry {
	const taken = http.StatusConflict
	list := func(form func(int) route.Form) handler { return pathOnly(form(http.StatusOK), s.listAttached) }
	check := func(form func(int) route.Form) handler { return pathOnly(form(http.StatusNoContent), s.checkRole) }
	attach := func(form func(int) route.Form) handler { return pathOnly(form(http.StatusNoContent), s.attachRole) }
	detach := func(form func(int) route.Form) handler { return pathOnly(form(http.StatusNoContent), s.detachRole) }
	return []entry{
		{"GET /v3/domains/{domain_id}/users/{user_id}/roles", "KeystoneListDomainPermissionsForUser", "List the roles of a user for the account", list(route.FormOf[userInDomain, body[rolesBody]]), signed, reading("iam:permissions:listForUser"), nil},
		{"PUT /v3/domains/{domain_id}/users/{user_id}/roles/{role_id}", "KeystoneAssociateUserWithDomainPermission", "Attach a role to a user for the account", attach(route.FormOf[roleOfUserInDomain, nothing]), signed, writing("iam:permissions:grantToUser"), []int{taken}},
		{"GET /v3/domains/{domain_id}/users/{user_id}/roles/{role_id}", "KeystoneCheckDomainPermissionForUser", "Check whether a role is attached to a user for the account", check(route.FormOf[roleOfUserInDomain, nothing]), signed, reading("iam:permissions:checkForUser"), nil},
		{"DELETE /v3/domains/{domain_id}/users/{user_id}/roles/{role_id}", "KeystoneRemoveDomainPermissionFromUser", "Detach a role from a user for the account", detach(route.FormOf[roleOfUserInDomain, nothing]), signed, writing("iam:permissions:revokeFromUser"), []int{taken}},
		{"GET /v3/domains/{domain_id}/groups/{group_id}/roles", "KeystoneListDomainPermissionsForGroup", "List the roles of a group for the account", list(route.FormOf[groupInDomain, body[rolesBody]]), signed, reading("iam:permissions:listForGroup"), nil},
		{"PUT /v3/domains/{domain_id}/groups/{group_id}/roles/{role_id}", "KeystoneAssociateGroupWithDomainPermission", "Attach a role to a group for the account", attach(route.FormOf[roleOfGroupInDomain, nothing]), signed, writing("iam:permissions:grantToGroup"), []int{taken}},
		{"GET /v3/domains/{domain_id}/groups/{group_id}/roles/{role_id}", "KeystoneCheckDomainPermissionForGroup", "Check whether a role is attached to a group for the account", check(route.FormOf[roleOfGroupInDomain, nothing]), signed, reading("iam:permissions:checkForGroup"), nil},
		{"DELETE /v3/domains/{domain_id}/groups/{group_id}/roles/{role_id}", "KeystoneRemoveDomainPermissionFromGroup", "Detach a role from a group for the account", detach(route.FormOf[roleOfGroupInDomain, nothing]), signed, writing("iam:permissions:revokeFromGroup"), []int{taken}},
		{"GET /v3/projects/{project_id}/users/{user_id}/roles", "KeystoneListProjectPermissionsForUser", "List the roles of a user for a project", list(route.FormOf[userInProject, body[rolesBody]]), signed, reading("iam:permissions:listForUser"), nil},
		{"PUT /v3/projects/{project_id}/users/{user_id}/roles/{role_id}", "KeystoneAssociateUserWithProjectPermission", "Attach a role to a user for a project", attach(route.FormOf[roleOfUserInProject, nothing]), signed, writing("iam:permissions:grantToUser"), []int{taken}},
		{"GET /v3/projects/{project_id}/users/{user_id}/roles/{role_id}", "KeystoneCheckProjectPermissionForUser", "Check whether a role is attached to a user for a project", check(route.FormOf[roleOfUserInProject, nothing]), signed, reading("iam:permissions:checkForUser"), nil},
		{"DELETE /v3/projects/{project_id}/users/{user_id}/roles/{role_id}", "KeystoneRemoveProjectPermissionFromUser", "Detach a role from a user for a project", detach(route.FormOf[roleOfUserInProject, nothing]), signed, writing("iam:permissions:revokeFromUser"), []int{taken}},
		{"GET /v3/projects/{project_id}/groups/{group_id}/roles", "KeystoneListProjectPermissionsForGroup", "List the roles of a group for a project", list(route.FormOf[groupInProject, body[rolesBody]]), signed, reading("iam:permissions:listForGroup"), nil},
		{"PUT /v3/projects/{project_id}/groups/{group_id}/roles/{role_id}", "KeystoneAssociateGroupWithProjectPermission", "Attach a role to a group for a project", attach(route.FormOf[roleOfGroupInProject, nothing]), signed, writing("iam:permissions:grantToGroup"), []int{taken}},
		{"GET /v3/projects/{project_id}/groups/{group_id}/roles/{role_id}", "KeystoneCheckProjectPermissionForGroup", "Check whether a role is attached to a group for a project", check(route.FormOf[roleOfGroupInProject, nothing]), signed, reading("iam:permissions:checkForGroup"), nil},
		{"DELETE /v3/projects/{project_id}/groups/{group_id}/roles/{role_id}", "KeystoneRemoveProjectPermissionFromGroup", "Detach a role from a group for a project", detach(route.FormOf[roleOfGroupInProject, nothing]), signed, writing("iam:permissions:revokeFromGroup"), []int{taken}},
		{"GET /v3.0/OS-PERMISSION/enterprise-projects/{enterprise_project_id}/users/{user_id}/roles", "KeystoneListEnterpriseProjectPermissionsForUser", "List the roles of a user for an enterprise project", list(route.FormOf[userInEnterprise, body[rolesBody]]), signed, reading("iam:permissions:listForUser"), nil},
		{"PUT /v3.0/OS-PERMISSION/enterprise-projects/{enterprise_project_id}/users/{user_id}/roles/{role_id}", "KeystoneAssociateUserWithEnterpriseProjectPermission", "Attach a role to a user for an enterprise project", attach(route.FormOf[roleOfUserInEnterprise, nothing]), signed, writing("iam:permissions:grantToUser"), []int{taken}},
		{"GET /v3.0/OS-PERMISSION/enterprise-projects/{enterprise_project_id}/users/{user_id}/roles/{role_id}", "KeystoneCheckEnterpriseProjectPermissionForUser", "Check whether a role is attached to a user for an enterprise project", check(route.FormOf[roleOfUserInEnterprise, nothing]), signed, reading("iam:permissions:checkForUser"), nil},
		{"DELETE /v3.0/OS-PERMISSION/enterprise-projects/{enterprise_project_id}/users/{user_id}/roles/{role_id}", "KeystoneRemoveEnterpriseProjectPermissionFromUser", "Detach a role from a user for an enterprise project", detach(route.FormOf[roleOfUserInEnterprise, nothing]), signed, writing("iam:permissions:revokeFromUser"), []int{taken}},
		{"GET /v3.0/OS-PERMISSION/enterprise-projects/{enterprise_project_id}/groups/{group_id}/roles", "KeystoneListEnterpriseProjectPermissionsForGroup", "List the roles of a group for an enterprise project", list(route.FormOf[groupInEnterprise, body[rolesBody]]), signed, reading("iam:permissions:listForGroup"), nil},
		{"PUT /v3.0/OS-PERMISSION/enterprise-projects/{enterprise_project_id}/groups/{group_id}/roles/{role_id}", "KeystoneAssociateGroupWithEnterpriseProjectPermission", "Attach a role to a group for an enterprise project", attach(route.FormOf[roleOfGroupInEnterprise, nothing]), signed, writing("iam:permissions:grantToGroup"), []int{taken}},
		{"GET /v3.0/OS-PERMISSION/enterprise-projects/{enterprise_project_id}/groups/{group_id}/roles/{role_id}", "KeystoneCheckEnterpriseProjectPermissionForGroup", "Check whether a role is attached to a group for an enterprise project", check(route.FormOf[roleOfGroupInEnterprise, nothing]), signed, reading("iam:permissions:checkForGroup"), nil},
		{"DELETE /v3.0/OS-PERMISSION/enterprise-projects/{enterprise_project_id}/groups/{group_id}/roles/{role_id}", "KeystoneRemoveEnterpriseProjectPermissionFromGroup", "Detach a role from a group for an enterprise project", detach(route.FormOf[roleOfGroupInEnterprise, nothing]), signed, writing("iam:permissions:revokeFromGroup"), []int{taken}},
	}
}
