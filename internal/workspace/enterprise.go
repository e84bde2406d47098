package workspace

// DefaultEnterprise is the id of the enterprise project of what names none. Each account has it, and it cannot be disabled.
const DefaultEnterprise = "0"

// NoEnterprise is the error that there is no enterprise project with an id. CodeEnterpriseNotFound.
func NoEnterprise(id string) *Error {
	return Errorf(CodeEnterpriseNotFound, "enterprise_project_id: enterprise project %q does not exist", Clip(id, MaxEnterpriseIDSize))
}
