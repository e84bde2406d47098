package recording

var desktopImages = []step{
	{call: "GET desktops/{lab1}/sysprep", why: "of one that runs"},
	{call: "GET desktops/x/sysprep", why: "of an unknown desktop"},
	{call: "POST desktops/desktop-to-image", why: "of one that runs", body: `{"desktop_id": "{lab1}", "image_name": "Lab"}`},
	{call: "POST desktops/action", why: "before an image is made", body: `{"desktop_ids": ["{lab1}"], "op_type": "os-stop", "type": "HARD"}`},
	{call: "POST sysprep", body: `{"desktop_ids": ["{lab1}"]}`},
	{call: "POST sysprep", why: "of an unknown desktop", body: `{"desktop_ids": ["x"]}`},
	{call: "POST desktops/desktop-to-image", body: `{"desktop_id": "{lab1}", "image_name": "Lab", "min_ram": "2048"}`, keep: "image_job=job_id"},
	{call: "POST desktops/desktop-to-image", why: "that keeps people's files", body: `{"desktop_id": "{lab1}", "image_name": "Lab", "is_clear_data": false}`},
	{call: "GET /v1/{project}/jobs/{image_job}"},
	{call: "GET /v1/{project}/jobs/x", why: "that there is not"},
	{call: "POST /v2/cloudimages/action", as: "key", head: inProject, body: `{"instance_id": "{lab1}", "name": "Lab 2"}`},
	{call: "POST /v2/cloudimages/action", why: "of a file", as: "key", head: inProject, body: `{"image_url": "bucket:file", "name": "Lab 3"}`},
	{call: "GET images?image_type=private", keep: "private_image=images.0.id"},
	{call: "GET market-images?image_ids={image},{private_image}"},
	{call: "GET market-images?image_ids=", why: "of none"},
	{call: "POST desktops/action", why: "after an image was made", body: `{"desktop_ids": ["{lab1}"], "op_type": "os-start"}`},
}
