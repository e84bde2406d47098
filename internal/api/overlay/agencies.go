package overlay

// What the service manages in a project that has authorized it to (CreateAgencies). Package iam knows the same words.
const (
	manageDesktops = "desktops"
	manageImages   = "images"
	manageNetworks = "networks"
	manageNothing  = ""
)

// managedBy is what the operations of an area manage that change something.
var managedBy = map[string]string{"assignment": manageDesktops, "desktops": manageDesktops, "pool changes": manageDesktops, "pools": manageDesktops}

// managing are the operations that differ from their area.
var managing = map[string]string{
	"BatchAssociateInstances": manageNothing, // a preview

	"ExecuteScriptOrCommand":    manageDesktops,
	"ExecuteScriptByDesktopTag": manageDesktops,
	"ExecuteDesktopPoolScript":  manageDesktops,
	"RetryScriptExecution":      manageDesktops,
	"StopScriptExecution":       manageDesktops,
	"RunActionsOnWorkspaceJob":  manageDesktops,

	"ChangeDesktopToImage": manageImages,
	"CreateCloudImage":     manageImages,
	"UpdateCloudImage":     manageImages,
	"DeleteGlanceImage":    manageImages,
	"AddImageMembers":      manageImages,
	"UpdateImageMembers":   manageImages,
	"DeleteImageMembers":   manageImages,

	"ApplyWorkspace":  manageNetworks,
	"UpdateWorkspace": manageNetworks,
	"CancelWorkspace": manageNetworks,
}

// Managing returns the operations that differ from their area in what they manage.
func Managing() map[string]string { return managing }

// Manages returns what an operation that changes something has the service manage: the one place where that is decided. Empty: nothing that a
// project must have authorized it to.
func Manages(area, operation string) string {
	if of, differs := managing[operation]; differs {
		return of
	}
	return managedBy[area]
}
