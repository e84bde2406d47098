package recording

var volumes = []step{
	{call: "POST desktops/{lab1}/volumes", body: `{"volumes": [{"type": "SAS", "size": 20}]}`},
	{call: "POST desktops/{lab1}/volumes", why: "of a speed of its own", body: `{"volumes": [{"type": "GPSSD2", "size": 20, "iops": 3000, "throughput": 125}]}`},
	{call: "POST desktops/{lab1}/volumes", why: "without the speed", body: `{"volumes": [{"type": "GPSSD2", "size": 20}]}`},
	{call: "POST desktops/{lab1}/volumes", why: "too many", body: `{"volumes": [{"type": "SAS", "size": 10}, {"type": "SAS", "size": 10}, {"type": "SAS", "size": 10}, {"type": "SAS", "size": 10}, {"type": "SAS", "size": 10}, {"type": "SAS", "size": 10}, {"type": "SAS", "size": 10}, {"type": "SAS", "size": 10}, {"type": "SAS", "size": 10}, {"type": "SAS", "size": 10}]}`},
	{call: "POST desktops/x/volumes", why: "of an unknown desktop", body: `{"volumes": [{"type": "SAS", "size": 10}]}`},
	{call: "POST volumes", body: `{"desktop_volumes": [{"desktop_id": "{lab1}", "volumes": [{"type": "SSD", "size": 10}]}]}`},
	{call: "POST volumes", why: "of none", body: `{}`},
	{call: "GET desktops/{lab1}", keep: "lab1_root=desktop.root_volume.volume_id lab1_disk=desktop.data_volumes.0.volume_id lab1_fast=desktop.data_volumes.2.volume_id"},
	{call: "POST desktops/{lab1}/volumes/{lab1_root}/expand", body: `{"new_size": 90}`},
	{call: "POST desktops/{lab1}/volumes/{lab1_root}/expand", why: "to less", body: `{"new_size": 80}`},
	{call: "POST desktops/{lab1}/volumes/x/expand", why: "an unknown one", body: `{"new_size": 100}`},
	{call: "POST volumes/expand", body: `{"desktop_volumes_expansion": [{"desktop_id": "{lab1}", "volume_id": "{lab1_root}", "new_size": 100}, {"desktop_id": "{lab1}", "volume_id": "{lab1_disk}", "new_size": 50}]}`},
	{call: "POST volumes/expand", why: "of none", body: `{"desktop_volumes_expansion": []}`},
	{call: "PUT volumes/batch-modify-qos", body: `{"volume_ids": ["{lab1_fast}"], "qos": {"iops": 4000, "throughput": 200}}`},
	{call: "PUT volumes/batch-modify-qos", why: "of one with the speed of its type", body: `{"volume_ids": ["{lab1_disk}"], "qos": {"iops": 4000, "throughput": 200}}`},
	{call: "PUT volumes/batch-modify-qos", why: "too fast", body: `{"volume_ids": ["{lab1_fast}"], "qos": {"iops": 4000, "throughput": 1200}}`},
	{call: "POST desktops/{lab1}/volumes/batch-delete", body: `{"volume_ids": ["{lab1_disk}", "` + none + `"]}`},
	{call: "POST desktops/{lab1}/volumes/batch-delete", why: "again", body: `{"volume_ids": ["{lab1_disk}"]}`},
	{call: "POST desktops/{lab1}/volumes/batch-delete", why: "the system disk", body: `{"volume_ids": ["{lab1_root}"]}`},
	{call: "GET desktops/{lab1}", why: "with other disks"},
}
