package overlay

// ByHand returns the operations that are served and whose forms are still written by hand, in internal/api.
func ByHand() []string {
	return []string{
		"CreateDesktopPool", "CreateDesktopPoolAuthorizedObjects", "DeleteDesktopPool", "ExecuteDesktopPoolAction", "ExpandDesktopPool",
		"ListDesktopPoolAuthorizedObjects", "ListDesktopPools", "ListDesktopPoolsByUsers", "ListInconsistentStatics", "ListPoolDesktopsDetail",
		"SendDesktopPoolNotifications", "ShowDesktopPoolDetail", "UpdateDesktopPool",
	}
}
