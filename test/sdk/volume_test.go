package sdk

import (
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/workspace/v2/model"
)

func TestDisksOfADesktop(t *testing.T) {
	e := newEnv(t)
	fast := model.Volume{Type: "GPSSD2", Size: 20, Iops: new(int32(3000)), Throughput: new(int32(125))}
	o := e.order("ann", "bob")
	o.DataVolumes = &[]model.Volume{fast}
	made := e.create(o)
	ann, bob := made[0], made[1]

	e.done(*call(e, e.AddDesktopVolumes, &model.AddDesktopVolumesRequest{DesktopId: ann, Body: &model.AddVolumesReq{
		Volumes: []model.Volume{{Type: "SAS", Size: 30}},
	}}).JobId)
	subs := e.done(*call(e, e.AddVolumes, &model.AddVolumesRequest{Body: &model.AddDesktopsVolumesReq{DesktopVolumes: &[]model.AddDesktopVolumesReq{
		{DesktopId: &ann, Volumes: &[]model.Volume{fast}}, {DesktopId: &bob, Volumes: &[]model.Volume{{Type: "SSD", Size: 10}}},
	}}}).JobId)
	if len(subs) != 2 || *subs[0].JobType != "addVolumes" {
		t.Errorf("sub-jobs: %v", subs)
	}
	disks := *e.show(ann).DataVolumes
	if len(disks) != 3 || *disks[0].Iops != 3000 || *disks[0].Throughput != 125 || disks[1].Type != "SAS" || disks[1].Size != 30 || *disks[2].Iops != 3000 {
		t.Fatalf("the disks are %v", disks)
	}

	e.done(*call(e, e.ExpandDesktopVolume, &model.ExpandDesktopVolumeRequest{DesktopId: ann, VolumeId: *disks[1].VolumeId, Body: &model.ExpandVolumeReq{NewSize: 40}}).JobId)
	root := *e.show(ann).RootVolume.VolumeId
	e.done(*call(e, e.ExpandVolumes, &model.ExpandVolumesRequest{Body: &model.ExpandDesktopsVolumesReq{DesktopVolumesExpansion: &[]model.ExpandVolumesReq{
		{DesktopId: &ann, VolumeId: &root, NewSize: new(int32(100))}, {DesktopId: &ann, VolumeId: disks[0].VolumeId, NewSize: new(int32(50))},
	}}}).JobId)
	e.done(*call(e, e.BatchModifyQosVolumes, &model.BatchModifyQosVolumesRequest{Body: &model.BatchModifyQosVolumesReq{
		VolumeIds: []string{*disks[0].VolumeId, *disks[2].VolumeId}, Qos: &model.Qos{Iops: 4000, Throughput: 200},
	}}).JobId)
	shown := e.show(ann)
	disks = *shown.DataVolumes
	if shown.RootVolume.Size != 100 || disks[0].Size != 50 || disks[1].Size != 40 || *disks[0].Iops != 4000 || *disks[2].Throughput != 200 || *shown.Status != "ACTIVE" {
		t.Errorf("the desktop: %v", shown)
	}

	e.done(*call(e, e.DeleteDesktopVolumes, &model.DeleteDesktopVolumesRequest{DesktopId: ann, Body: &model.DeleteVolumesReq{VolumeIds: &[]string{*disks[0].VolumeId, *disks[1].VolumeId}}}).JobId)
	if left := *e.show(ann).DataVolumes; len(left) != 1 || *left[0].VolumeId != *disks[2].VolumeId {
		t.Errorf("the disks are %v", left)
	}
}

func TestTheTypeWithASpeedSaysWhichSpeeds(t *testing.T) {
	e := newEnv(t)
	one := *call(e, e.ListVolumeProductInfo, &model.ListVolumeProductInfoRequest{VolumeType: new("GPSSD2")}).Volumes
	if len(one) != 1 || *one[0].Iops.Min != 3000 || one[0].Iops.RangeBySize != 500 || *one[0].Throughput.Max != 1000 || one[0].Throughput.RangeByIops != 0.25 {
		t.Errorf("the product: %v", one)
	}
}
