package api

import (
	"cmp"
	"strings"

	"carrel/internal/api/wire"
	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/pool"
	"carrel/internal/pool/autoscale"
	"carrel/internal/workspace"
)

func poolOrder(c workspace.Caller, b *wire.CreateDesktopPoolReq) pool.CreatePool {
	return pool.CreatePool{
		Caller: c, Name: b.Name, Type: pool.PoolType(b.Type), Size: b.Size, Description: b.Description, Zone: b.AvailabilityZone,
		ProductID: b.ProductID, ImageType: catalog.ImageType(b.ImageType), ImageID: b.ImageID, Root: poolDisk(b.RootVolume),
		Data: each(b.DataVolumes, poolDisk), VPCID: b.VPCID, SubnetIDs: b.SubnetIDs, SecurityGroups: each(b.SecurityGroups, securityGroupID),
		People: each(b.AuthorizedObjects, grantOf), OUName: b.OUName, Domain: b.Domain, NamePolicyID: b.DesktopNamePolicyID,
		Tags: each(b.Tags, askedTag), EnterpriseID: b.EnterpriseProjectID, Retention: b.DisconnectedRetentionPeriod, Autoscaling: b.EnableAutoscale,
		Policy: policyChange(b.AutoscalePolicy), Reset: resetChange(b.UserResetPolicy),
	}
}

func poolDisk(v wire.VolumeInfo) desktop.VolumeSpec {
	return desktop.VolumeSpec{Type: v.Type, GB: v.Size, Speed: catalog.Speed{IOPS: v.IOPS, Throughput: v.Throughput}}
}

func securityGroupID(g wire.SecurityGroupIdInfo) string { return g.ID }

func askedTag(t wire.Tag) workspace.Tag { return workspace.Tag(t) }

func policyChange(p *wire.AutoscalePolicy) *pool.PolicyChange {
	if p == nil {
		return nil
	}
	return &pool.PolicyChange{
		Type: (*autoscale.Type)(p.AutoscaleType), MaxAutoCreated: p.MaxAutoCreated, MinIdle: p.MinIdle, OnceCreated: p.OnceAutoCreated,
		MinRetention: p.MinRetention, IdleMinutes: p.IdleRetentionDuration, AutoIsolation: p.AutoIsolationEnable, MaxIsolated: p.AutoIsolationMaxNum,
	}
}

func resetChange(p *wire.UserResetPolicy) *pool.ResetChange {
	if p == nil {
		return nil
	}
	return &pool.ResetChange{Enabled: p.Enable, PerDay: p.ResetCountPerDay}
}

func poolChange(b *wire.UpdateDesktopPoolAttributesReq) pool.PoolChange {
	c := pool.PoolChange{
		Name: b.Name, Description: b.Description, Zone: b.AvailabilityZone, OUName: b.OUName, NamePolicyID: b.DesktopNamePolicyID,
		EnterpriseID: b.EnterpriseProjectID, VPCID: b.VPCID, SubnetIDs: b.SubnetIDs, SecurityGroups: eachOf(b.SecurityGroups, securityGroupID),
		Data: eachOf(b.DataVolumes, diskTypeChange), Retention: b.DisconnectedRetentionPeriod, Autoscaling: b.EnableAutoscale,
		Policy: policyChange(b.AutoscalePolicy), Reset: resetChange(b.UserResetPolicy), InMaintenance: b.InMaintenanceMode,
		Tags: eachOf(b.Tags, askedTag),
	}
	if b.RootVolume != nil {
		c.Root = new(diskTypeChange(*b.RootVolume))
	}
	return c
}

func diskTypeChange(v wire.DesktopPoolVolumeInfo) pool.VolumeTypeChange {
	return pool.VolumeTypeChange{ID: v.ID, Type: v.Type, Speed: catalog.Speed{IOPS: value(v.IOPS), Throughput: value(v.Throughput)}}
}

// eachOf is each for a list that may be absent.
func eachOf[W, T any](items *[]W, from func(W) T) *[]T {
	if items == nil {
		return nil
	}
	return new(each(*items, from))
}

// poolInfo returns a pool in responses.
func poolInfo(p pool.PoolDetail) wire.SimpleDesktopPoolInfo {
	out := wire.SimpleDesktopPoolInfo{
		ID: p.ID, Name: p.Name, Type: string(p.Type), Description: p.Description, CreatedTime: stamp(p.Created), ChargingMode: onDemand,
		DesktopCount: p.Counts.Desktops, DesktopUsed: p.Counts.Bound, AvailabilityZone: p.Zone, SubnetIDs: append([]string{}, p.SubnetIDs...),
		VPCID: p.VPCID, Product: orderedProduct(p.Product), ImageID: p.ImageID, ImageType: string(p.ImageType), ImageName: p.Image.Name,
		ImageOSType: p.Image.OSType, ImageOSVersion: p.Image.OSVersion, ImageOSPlatform: platformOf(p.Image), RootVolume: poolVolume(p.Root),
		DataVolumes: each(p.Data, poolVolume), DisconnectedRetentionPeriod: p.RetentionMinutes, EnableAutoscale: p.Autoscaling,
		AutoscalePolicy: policyOf(p.Policy), Status: string(p.Status()), EnterpriseProjectID: p.EnterpriseID, InMaintenanceMode: p.InMaintenance,
		DesktopNamePolicyID: p.NamePolicyID, Tags: each(p.Tags, tagOf), OUName: p.OUName, IsolationNum: p.Counts.Isolated,
		Domain: cmp.Or(p.Domain, directory.BuiltInDomain),
		SecurityGroups: each(p.Groups, func(g catalog.SecurityGroup) wire.SecurityGroupInfo {
			return wire.SecurityGroupInfo{ID: g.ID, Name: g.Name}
		}),
		UserResetPolicy: wire.UserResetPolicy{Enable: new(p.Reset.Enabled), ResetCountPerDay: new(p.Reset.PerDay)},
		ImageHistory: each(p.History, func(i pool.PoolImage) wire.DesktopPoolImage {
			return wire.DesktopPoolImage{ImageID: i.ImageID, ImageType: string(i.Type), JobID: i.JobID, Since: stamp(i.Since)}
		}),
	}
	if len(p.SubnetIDs) > 0 {
		out.SubnetID = p.SubnetIDs[0]
	}
	return out
}

// platformOf returns the name of an image's system: "Debian".
func platformOf(i catalog.Image) string {
	name, _, _ := strings.Cut(i.OSVersion, " ")
	return name
}

func poolVolume(v pool.PoolVolume) wire.VolumeInfo {
	return wire.VolumeInfo{ID: v.ID, Type: v.Type, Size: v.GB, ResourceSpecCode: v.Type, IOPS: v.IOPS, Throughput: v.Throughput}
}

// policyOf returns nil for a pool without a policy.
func policyOf(p autoscale.Policy) *wire.AutoscalePolicy {
	if p.Type == "" {
		return nil
	}
	return &wire.AutoscalePolicy{
		AutoscaleType: (*string)(&p.Type), MinIdle: &p.MinIdle, MinRetention: &p.MinRetention, IdleRetentionDuration: p.IdleMinutes,
		AutoIsolationEnable: &p.AutoIsolation, MaxAutoCreated: unlessZero(p.MaxAutoCreated), AutoIsolationMaxNum: unlessZero(p.MaxIsolated),
		OnceAutoCreated: unlessZero(p.OnceCreated),
	}
}

// unlessZero returns nil for 0, the value of these settings if they were omitted.
func unlessZero(n int) *int {
	if n == 0 {
		return nil
	}
	return &n
}
