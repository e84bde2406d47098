package recording

var snapshots = []step{
	{call: "POST snapshots/batch-create", body: `{"desktop_ids": ["{lab1}"], "disk_type": "SYSTEM_DISK", "system_disk_snapshot": {"name": "clean", "description": "before the update"}}`},
	{call: "POST snapshots/batch-create", why: "of all disks", body: `{"desktop_ids": ["{lab1}"], "disk_type": "ALL"}`},
	{call: "POST snapshots/batch-create", why: "of nothing", body: `{"desktop_ids": ["{lab1}"]}`},
	{call: "POST snapshots/batch-create", why: "of an unknown desktop", body: `{"desktop_ids": ["x"], "disk_type": "ALL"}`},
	{call: "GET snapshots?snapshot_name=clean", keep: "clean=desktop_snapshots.0.snapshot_id"},
	{call: "GET snapshots?disk_type=SYSTEM_DISK&create_type=MANUALLY&sort_field=snapshot_name&sort_type=DESC", why: "sorted"},
	{call: "POST snapshots/batch-restore", body: `{"snapshot_ids": ["{clean}"]}`},
	{call: "POST snapshots/batch-restore", why: "of an unknown one", body: `{"snapshot_ids": ["{clean}", "x"]}`},
	{call: "GET snapshots?create_type=AUTO", why: "what was before"},
	{call: "POST snapshots/batch-delete", body: `{"snapshot_ids": ["{clean}", "x"]}`},
	{call: "POST snapshots/batch-delete", why: "again", body: `{"snapshot_ids": ["{clean}"]}`},
	{call: "POST snapshots/batch-delete", why: "of none", body: `{}`},
}
