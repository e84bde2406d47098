package wire

// PoolDesktop is a desktop in the list of a pool's desktops. The data has a type of its own for it, which repeats DesktopDetailInfo.
type PoolDesktop struct {
	DesktopDetailInfo
	InconsistentTypes []string `json:"inconsistent_types" doc:"How it differs from the pool's present settings: PRODUCT, IMAGE, DISK_NUM, DISK_SIZE"`
}
