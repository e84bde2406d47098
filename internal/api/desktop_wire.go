package api

import (
	"carrel/internal/api/wire"
	"carrel/internal/desktop"
	"carrel/internal/workspace"
)

// Types that several areas use which are not generated yet; delete this file with the last of them.

// jobReply has the id of the job that executes the request.
type jobReply struct {
	JobID string `json:"job_id" doc:"Poll it with ShowJob or ListItaSubJobs"`
}

// DesktopDetailFilter has the query parameters of the lists with details.
type DesktopDetailFilter struct {
	Project
	Name          string              `query:"computer_name" doc:"Part of the computer name"`
	Address       string              `query:"desktop_ip"`
	EnterpriseID  string              `query:"enterprise_project_id"`
	Type          string              `query:"desktop_type" doc:"DEDICATED, SHARED or POOLED; several separated by commas"`
	Shared        wire.Optional[bool] `query:"is_share_desktop" doc:"Only shared desktops, or only the others"`
	SubnetID      string              `query:"subnet_id"`
	Status        string              `query:"status" doc:"ACTIVE, SHUTOFF, HIBERNATED, ERROR and transitional states; several separated by commas"`
	IDs           []string            `query:"desktop_id,explode" maxItems:"100"`
	Tag           string              `query:"tag" doc:"key=value; several separated by commas, all of which must match"`
	Offset        int                 `query:"offset" minimum:"0" default:"0"`
	UserName      string              `query:"user_name" doc:"Part of the name of a user of the desktop"`
	UserNames     []string            `query:"user_names,explode" maxItems:"100" doc:"Exact names of users of the desktop"`
	Names         []string            `query:"computer_names,explode" doc:"Exact computer names"`
	SortField     string              `query:"sort_field" enum:"created,computer_name" default:"created"`
	SortType      string              `query:"sort_type" enum:"ASC,DESC" default:"ASC"`
	Attached      wire.Optional[bool] `query:"user_attached" doc:"Only desktops with a user, or only those without"`
	ImageID       string              `query:"image_id"`
	ChargeMode    string              `query:"charge_mode" enum:"0,1" doc:"0: yearly or monthly, 1: on demand; always 1"`
	InMaintenance wire.Optional[bool] `query:"in_maintenance_mode"`
	Internet      wire.Optional[bool] `query:"is_support_internet" doc:"Whether it has a public address: always false"`
	Zone          string              `query:"availability_zone"`
}

func (f *DesktopDetailFilter) query() (desktop.DesktopQuery, error) {
	tags, err := tagsAsked(f.Tag)
	q := desktop.DesktopQuery{
		ProjectID: f.ProjectID, IDs: split[string](f.IDs...), Name: f.Name, Names: split[string](f.Names...), Address: f.Address,
		UserName: f.UserName, UserNames: split[string](f.UserNames...), EnterpriseID: f.EnterpriseID, SubnetID: f.SubnetID, ImageID: f.ImageID,
		Zone: f.Zone, Types: typesAsked(f.Type, f.Shared), Statuses: split[desktop.DesktopStatus](f.Status), Tags: tags,
		Assigned: f.Attached.Pointer(), InMaintenance: f.InMaintenance.Pointer(), SortBy: desktop.DesktopSort(f.SortField),
		Descending: f.SortType == "DESC", Page: workspace.Page{Offset: f.Offset},
	}
	if noneIs(f.ChargeMode, f.Internet) {
		q.Types = []workspace.DesktopType{noType}
	}
	return q, err
}

type (
	// VolumeBody is a requested disk.
	VolumeBody struct {
		Type       string `json:"type" required:"true" doc:"A type that ListVolumeProductInfo lists"`
		Size       int    `json:"size" required:"true" doc:"GB, a multiple of 10"`
		IOPS       int    `json:"iops,omitempty" doc:"Refused: the disk type determines the speed"`
		Throughput int    `json:"throughput,omitempty" doc:"Refused: the disk type determines the speed"`
		KeyID      string `json:"kms_id,omitempty" doc:"Refused"`
	}
	idBody struct {
		ID string `json:"id" required:"true"`
	}
	tagBody struct {
		Key   string `json:"key" required:"true"`
		Value string `json:"value,omitempty"`
	}
)

func (v VolumeBody) spec() desktop.VolumeSpec {
	return desktop.VolumeSpec{Type: v.Type, GB: v.Size}
}

// given collects the names of the fields that a request has.
type given []string

func (g *given) add(name string, there bool) {
	if there {
		*g = append(*g, name)
	}
}

func (g *given) addVolume(prefix string, v VolumeBody) {
	g.add(prefix+"iops", v.IOPS != 0)
	g.add(prefix+"throughput", v.Throughput != 0)
	g.add(prefix+"kms_id", v.KeyID != "")
}
