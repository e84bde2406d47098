package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"carrel/internal/desktop"
	"carrel/internal/workspace"
)

func TestDisksOfDesktopsAreOrderedByTypeSizeAndSpeed(t *testing.T) {
	o := newOffice(t)
	add := func(v object) answer {
		return o.post("/desktops/"+o.ids["anns"]+"/volumes", object{"volumes": []object{v}})
	}
	for name, c := range map[string]struct {
		volume  object
		code    workspace.Code
		message string
	}{
		"no type":                         {object{"type": "", "size": 10}, workspace.CodeInvalid, "volumes[0].type: must not be empty"},
		"a type that is not offered":      {object{"type": "TAPE", "size": 10}, workspace.CodeInvalid, `volumes[0].type: "TAPE" is not offered`},
		"5 GB":                            {object{"type": "SAS", "size": 5}, workspace.CodeInvalid, "volumes[0].size: 5 GB is out of range, use 10 to 32760"},
		"15 GB":                           {object{"type": "SAS", "size": 15}, workspace.CodeInvalid, "volumes[0].size: 15 GB is not a multiple of 10"},
		"a speed of a type that has one":  {object{"type": "SAS", "size": 10, "iops": 3000}, workspace.CodeUnsupported, "volumes[0].iops: disks of type SAS"},
		"a throughput of such a type":     {object{"type": "SSD", "size": 10, "throughput": 125}, workspace.CodeUnsupported, "volumes[0].throughput: disks of type SSD"},
		"GPSSD2 without a speed":          {object{"type": "GPSSD2", "size": 10}, workspace.CodeInvalid, "volumes[0].iops: 0 is out of range, use 3000 to 5000"},
		"too many operations for 10 GB":   {object{"type": "GPSSD2", "size": 10, "iops": 5001, "throughput": 125}, workspace.CodeInvalid, "volumes[0].iops: 5001 is out of range, use 3000 to 5000"},
		"no throughput":                   {object{"type": "GPSSD2", "size": 10, "iops": 3000}, workspace.CodeInvalid, "volumes[0].throughput: 0 MiB/s is out of range, use 125 to 750"},
		"too much for 3000 IOPS":          {object{"type": "GPSSD2", "size": 10, "iops": 3000, "throughput": 751}, workspace.CodeInvalid, "volumes[0].throughput: 751 MiB/s is out of range"},
		"a key":                           {object{"type": "SAS", "size": 10, "kms_id": "k"}, workspace.CodeUnsupported, "volumes[0].kms_id"},
		"more operations than there are":  {object{"type": "GPSSD2", "size": 32760, "iops": 128001, "throughput": 125}, workspace.CodeInvalid, "use 3000 to 128000"},
		"more throughput than there is":   {object{"type": "GPSSD2", "size": 32760, "iops": 128000, "throughput": 1001}, workspace.CodeInvalid, "use 125 to 1000"},
		"a negative speed of another one": {object{"type": "SAS", "size": 10, "iops": -1}, workspace.CodeUnsupported, "volumes[0].iops"},
	} {
		t.Run(name, func(t *testing.T) {
			o.TB = t
			before := o.desired()
			o.refused(add(c.volume), 400, c.code, c.message)
			if after := o.desired(); !slices.Equal(before, after) {
				o.Errorf("%s changes something", name)
			}
		})
	}
	o.TB = t
	o.ok(add(object{"type": "GPSSD2", "size": 20, "iops": 10000, "throughput": 1000}))
	o.refused(add(object{"type": "SAS", "size": 10}), 400, workspace.CodeAddingVolumes, "disks are being added to desktop")
}

func TestDisksOfDesktopsThatCannotBe(t *testing.T) {
	o := newOffice(t)
	member := o.ok(o.get("/desktop-pools/"+o.ids["pool"]+"/desktops")).text("pool_desktops", 0, "desktop_id")
	missing := workspace.NewID()
	eleven := make([]object, 11)
	for i := range eleven {
		eleven[i] = object{"type": "SAS", "size": 10}
	}
	ann := "/desktops/" + o.ids["anns"]
	for name, c := range map[string]struct {
		method, path string
		body         object
		status       int
		code         workspace.Code
		message      string
	}{
		"a disk of a desktop that is missing": {"POST", "/desktops/" + missing + "/volumes", object{"volumes": eleven[:1]}, 404, workspace.CodeDesktopNotFound, "does not exist"},
		"no disks":                            {"POST", ann + "/volumes", object{"volumes": []object{}}, 400, workspace.CodeInvalid, "volumes: 0 volumes, use 1 to 10"},
		"eleven disks":                        {"POST", ann + "/volumes", object{"volumes": eleven}, 400, workspace.CodeInvalid, "volumes: "},
		"more than ten in all":                {"POST", ann + "/volumes", object{"volumes": eleven[:10]}, 400, workspace.CodeInvalid, "would have 11 data disks, at most 10 are possible"},
		"another enterprise project":          {"POST", ann + "/volumes", object{"volumes": eleven[:1], "enterprise_project_id": o.ids["labs"]}, 400, workspace.CodeUnsupported, "enterprise_project_id: "},
		"a disk for one desktop of a pool":    {"POST", "/desktops/" + member + "/volumes", object{"volumes": eleven[:1]}, 409, workspace.CodeConflict, "has the disks of its pool"},
		"one of two desktops is missing": {"POST", "/volumes", object{"desktop_volumes": []object{
			{"desktop_id": o.ids["anns"], "volumes": eleven[:1]}, {"desktop_id": missing, "volumes": eleven[:1]},
		}}, 404, workspace.CodeDesktopNotFound, "does not exist"},
		"a desktop twice": {"POST", "/volumes", object{"desktop_volumes": []object{
			{"desktop_id": o.ids["anns"], "volumes": eleven[:1]}, {"desktop_id": o.ids["anns"], "volumes": eleven[:1]},
		}}, 400, workspace.CodeInvalid, "desktop_volumes[1].desktop_id: "},
		"no desktops":             {"POST", "/volumes", object{}, 400, workspace.CodeInvalid, "desktop_volumes: 0 desktops, use 1 to 100"},
		"no smaller size":         {"POST", ann + "/volumes/" + o.ids["annsroot"] + "/expand", object{"new_size": 80}, 400, workspace.CodeInvalid, "new_size: 80 GB is not more than the 80 GB"},
		"no size between":         {"POST", ann + "/volumes/" + o.ids["annsroot"] + "/expand", object{"new_size": 95}, 400, workspace.CodeInvalid, "new_size: 95 GB is not a multiple of 10"},
		"no larger size":          {"POST", ann + "/volumes/" + o.ids["annsroot"] + "/expand", object{"new_size": 32770}, 400, workspace.CodeInvalid, "new_size: 32770 GB is out of range, use 10 to 32760"},
		"no such disk":            {"POST", ann + "/volumes/" + missing + "/expand", object{"new_size": 100}, 404, workspace.CodeVolumeNotFound, "volume_id: "},
		"another desktop's disk":  {"POST", "/desktops/" + o.ids["bobs"] + "/volumes/" + o.ids["annsdisk"] + "/expand", object{"new_size": 100}, 404, workspace.CodeVolumeNotFound, "volume_id: "},
		"a disk twice":            {"POST", "/volumes/expand", object{"desktop_volumes_expansion": []object{growth(o, 100), growth(o, 110)}}, 400, workspace.CodeInvalid, "desktop_volumes_expansion[1].volume_id: "},
		"nothing to enlarge":      {"POST", "/volumes/expand", object{}, 400, workspace.CodeInvalid, "desktop_volumes_expansion: 0 volumes, use 1 to 100"},
		"deleting a system disk":  {"POST", ann + "/volumes/batch-delete", object{"volume_ids": []string{o.ids["annsroot"]}}, 400, workspace.CodeInvalid, "is the system disk"},
		"deleting what is gone":   {"POST", ann + "/volumes/batch-delete", object{"volume_ids": []string{missing}}, 404, workspace.CodeVolumeNotFound, "has none of these disks"},
		"deleting nothing":        {"POST", ann + "/volumes/batch-delete", object{}, 400, workspace.CodeInvalid, "volume_ids: 0 ids"},
		"the speed of no disk":    {"PUT", "/volumes/batch-modify-qos", object{"volume_ids": []string{missing}, "qos": object{"iops": 3000, "throughput": 125}}, 404, workspace.CodeVolumeNotFound, "no desktop has a disk"},
		"the speed of another":    {"PUT", "/volumes/batch-modify-qos", object{"volume_ids": []string{o.ids["annsroot"]}, "qos": object{"iops": 3000, "throughput": 125}}, 400, workspace.CodeInvalid, "is of type SAS"},
		"a speed out of range":    {"PUT", "/volumes/batch-modify-qos", object{"volume_ids": []string{o.ids["annsdisk"]}, "qos": object{"iops": 2999, "throughput": 125}}, 400, workspace.CodeInvalid, "qos.iops: 2999 is out of range, use 3000 to 10000"},
		"a throughput beyond all": {"PUT", "/volumes/batch-modify-qos", object{"volume_ids": []string{o.ids["annsdisk"]}, "qos": object{"iops": 3000, "throughput": 1001}}, 400, workspace.CodeInvalid, "qos.throughput: 1001 MiB/s"},
	} {
		t.Run(name, func(t *testing.T) {
			o.TB = t
			before := o.desired()
			o.refused(o.do(c.method, o.path(c.path), c.body), c.status, c.code, c.message)
			if after := o.desired(); !slices.Equal(before, after) {
				o.Errorf("%s changes something", name)
			}
		})
	}
	o.TB = t
	o.change(member, "", func(*desktop.Member) {})
	root := o.ok(o.get("/desktops/"+member)).text("desktop", "root_volume", "volume_id")
	o.ok(o.post(fmt.Sprintf("/desktops/%s/volumes/%s/expand", member, root), object{"new_size": 200}))
}

// desired are all rows but the audit's, which has refusals, too.
func (o *office) desired() []string {
	return slices.DeleteFunc(o.rows(), func(row string) bool { return strings.HasPrefix(row, "audit_") })
}

func growth(o *office, gb int) object {
	return object{"desktop_id": o.ids["anns"], "volume_id": o.ids["annsroot"], "new_size": gb}
}

func TestPoolsHaveDisksWithASpeed(t *testing.T) {
	e := newEnv(t)
	fast := object{"type": "GPSSD2", "size": 20, "iops": 3000, "throughput": 125}
	id, members := e.pool(object{"data_volumes": []object{fast}})
	e.endWork(id)
	shown := e.ok(e.get("/desktop-pools/" + id))
	if shown.number("data_volumes", 0, "iops") != 3000 || shown.number("data_volumes", 0, "throughput") != 125 {
		t.Errorf("the pool: %s", shown.raw)
	}
	one := e.ok(e.get("/desktops/" + members[0]))
	if one.number("desktop", "data_volumes", 0, "iops") != 3000 || one.number("desktop", "data_volumes", 0, "throughput") != 125 {
		t.Errorf("its desktop: %s", one.raw)
	}
	disk, put := shown.text("data_volumes", 0, "id"), func(v object) answer {
		return e.do("PUT", e.path("/desktop-pools/"+id), object{"data_volumes": []object{v}})
	}
	e.refused(put(object{"id": disk, "type": "SAS", "iops": 3000}), 400, workspace.CodeUnsupported, "data_volumes[0].iops: ")
	e.refused(put(object{"id": disk, "type": "GPSSD2", "iops": 10, "throughput": 125}), 400, workspace.CodeInvalid, "data_volumes[0].iops: ")
	e.ok(put(object{"id": disk, "type": "GPSSD2"}))
	e.ok(put(object{"id": disk, "type": "GPSSD2", "iops": 4000, "throughput": 200}))
	if shown := e.ok(e.get("/desktop-pools/" + id)); shown.number("data_volumes", 0, "iops") != 4000 {
		t.Errorf("the pool: %s", shown.raw)
	}
	e.ok(put(object{"id": disk, "type": "SAS"}))
	if shown := e.ok(e.get("/desktop-pools/" + id)); shown.at("data_volumes", 0, "iops") != nil {
		t.Errorf("the pool: %s", shown.raw)
	}
}
