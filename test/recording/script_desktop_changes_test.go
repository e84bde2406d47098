package recording

var desktopChanges = []step{
	{call: "PUT desktops/{lab2}", why: "with another name", body: `{"desktop": {"computer_name": "lab-two"}}`},
	{call: "GET desktops/{lab2}", why: "that has another name"},
	{call: "PUT desktops/{lab2}", why: "with its former name", body: `{"desktop": {"computer_name": "lab-02"}}`},
	{call: "PUT desktops/{lab2}", why: "with a name that is in use", body: `{"desktop": {"computer_name": "LAB-01"}}`},
	{call: "PUT desktops/{lab2}", why: "with a name that none can have", body: `{"desktop": {"computer_name": "-"}}`},
	{call: "PUT desktops/x", why: "of an unknown desktop", body: `{"desktop": {"computer_name": "x"}}`},
	{call: "POST desktops/rebuild", body: `{"desktop_ids": ["{lab2}"], "image_type": "gold", "image_id": "{image}", "message": "New system."}`},
	{call: "POST desktops/rebuild", why: "with an unknown image", body: `{"desktop_ids": ["{lab2}"], "image_type": "gold", "image_id": "` + none + `"}`},
	{call: "POST desktops/rebuild", why: "after too long", body: `{"desktop_ids": ["{lab2}"], "image_type": "gold", "image_id": "{image}", "delay_time": 1441}`},
	{call: "POST desktops/resize", body: `{"desktops": [{"desktop_id": "{lab2}"}], "product_id": "workspace.c2.small.linux", "mode": "STOP_DESKTOP"}`},
	{call: "POST desktops/resize", why: "to an unknown product", body: `{"desktops": [{"desktop_id": "{lab2}"}], "product_id": "x", "mode": "STOP_DESKTOP"}`},
	{call: "POST desktops/logoff", body: `{"desktop_ids": ["{lab2}"]}`},
	{call: "POST desktops/logoff", why: "of an unknown desktop", body: `{"desktop_ids": ["{lab2}", "x"]}`},
	{call: "PUT desktops/maintenance-mode", body: `{"desktop_ids": ["{lab2}"], "in_maintenance_mode": true}`},
	{call: "PUT desktops/maintenance-mode", why: "that ends", body: `{"desktop_ids": ["{lab2}"], "in_maintenance_mode": false}`},
	{call: "PUT desktops/maintenance-mode", why: "of none", body: `{"desktop_ids": [], "in_maintenance_mode": false}`},
	{call: "POST desktops/notifications", why: "to nobody", body: `{"desktop_ids": ["{lab2}"], "notifications": "Lunch!"}`},
	{call: "POST desktops/notifications", why: "that is empty", body: `{"desktop_ids": ["{lab2}"], "notifications": " "}`},
}
