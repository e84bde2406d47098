package api

import (
	"cmp"
	"strings"

	"carrel/internal/api/wire"
	"carrel/internal/catalog"
	"carrel/internal/directory"
	"carrel/internal/pool"
	"carrel/internal/pool/autoscale"
	"carrel/internal/workspace"
)

// The bodies of CreateDesktopPool and UpdateDesktopPool. They include fields that Carrel does not support, so that they are
// refused rather than ignored silently.
type (
	createPoolBody struct {
		Name           string            `json:"name" required:"true" doc:"1 to 255 letters, digits and hyphens; unique in the project, case-insensitive"`
		Type           pool.PoolType     `json:"type" required:"true" enum:"DYNAMIC,STATIC" doc:"DYNAMIC: any desktop, temporarily; STATIC: one desktop, permanently"`
		Size           int               `json:"size" required:"true" doc:"1 to 1000 desktops"`
		Description    string            `json:"description,omitempty" doc:"At most 255 characters"`
		Zone           string            `json:"availability_zone,omitempty" doc:"The default zone if absent"`
		ProductID      string            `json:"product_id" required:"true" doc:"A product that ListProducts lists"`
		FlavorID       string            `json:"flavor_id,omitempty" doc:"The product, if given"`
		ImageType      catalog.ImageType `json:"image_type,omitempty" doc:"gold, private or market; private if absent"`
		ImageID        string            `json:"image_id" required:"true" doc:"An image that ListImages lists, of this type"`
		Root           *poolVolumeBody   `json:"root_volume" required:"true" doc:"80 to 32760 GB"`
		Data           []poolVolumeBody  `json:"data_volumes,omitempty" doc:"At most 10, of 10 to 32760 GB"`
		VPCID          string            `json:"vpc_id,omitempty" doc:"The subnets' if absent"`
		SubnetIDs      []string          `json:"subnet_ids" required:"true" doc:"1 to 50; desktops are spread over them"`
		SecurityGroups []idBody          `json:"security_groups,omitempty" doc:"The default group if absent"`
		People         []grantBody       `json:"authorized_objects,omitempty" doc:"Users and groups with access to the pool; at most 500 here, more with CreateDesktopPoolAuthorizedObjects"`
		OUName         string            `json:"ou_name,omitempty" doc:"An organisational unit that AddOu has added"`
		Tags           []tagBody         `json:"tags,omitempty" doc:"At most 20; also applied to the pool's desktops"`
		EnterpriseID   string            `json:"enterprise_project_id,omitempty" doc:"0 by default"`
		Retention      *int              `json:"disconnected_retention_period,omitempty" doc:"DYNAMIC: minutes for which a disconnected user keeps the desktop; 10 to 43200, 30 if absent"`
		Autoscaling    bool              `json:"enable_autoscale,omitempty" doc:"Whether autoscale_policy is in effect; false by default"`
		Policy         *autoscaleBody    `json:"autoscale_policy,omitempty" doc:"When to create and delete desktops automatically; no effect without autoscale_type"`
		Reset          *resetPolicyBody  `json:"user_reset_policy,omitempty" doc:"Whether users may reset their desktops"`
		NamePolicyID   string            `json:"desktop_name_policy_id,omitempty" doc:"Generates the computer names; derived from the pool's name if absent"`
		Domain         string            `json:"domain,omitempty" doc:"The directory; the built-in one if absent"`
	}
	poolVolumeBody struct {
		VolumeBody
		ID       string `json:"id,omitempty" doc:"Refused: Carrel generates the id of a new disk"`
		SpecCode string `json:"resource_spec_code,omitempty" doc:"The type, if given"`
	}
	autoscaleBody struct {
		Type           *autoscale.Type `json:"autoscale_type,omitempty" enum:"ACCESS_CREATED,AUTO_CREATED" doc:"ACCESS_CREATED: create desktops for users who find no idle one; AUTO_CREATED: also keep min_idle ready"`
		MaxAutoCreated *int            `json:"max_auto_created,omitempty" doc:"Limit of desktops created by autoscaling, in all states, 1 to 5000; required with enable_autoscale"`
		MinIdle        *int            `json:"min_idle,omitempty" doc:"AUTO_CREATED: 0 to 5000 idle desktops are kept ready; 0 if absent"`
		OnceCreated    *int            `json:"once_auto_created,omitempty" doc:"Batch size of scale-out, 1 to 100; 100 if absent"`
		MinRetention   *int            `json:"min_retention,omitempty" doc:"Number of desktops that scale-in keeps, 0 to 5000; 0 if absent"`
		IdleMinutes    *int            `json:"idle_retention_duration,omitempty" doc:"0 to 43200 minutes after which scale-in deletes an idle desktop; no scale-in if absent"`
		AutoIsolation  *bool           `json:"auto_isolation_enable,omitempty" doc:"Isolate broken desktops"`
		MaxIsolated    *int            `json:"auto_isolation_max_num,omitempty" doc:"Limit of isolated desktops, 1 to 1000; 1000 if absent"`
	}
	resetPolicyBody struct {
		Enabled *bool `json:"enable,omitempty" doc:"Users may reset their desktop to its image"`
		PerDay  *int  `json:"reset_count_per_day,omitempty" doc:"1 to 100 times in any 24 hours; 1 if absent"`
	}
	updatePoolBody struct {
		Name           *string           `json:"name,omitempty"`
		Description    *string           `json:"description,omitempty"`
		OUName         *string           `json:"ou_name,omitempty"`
		Tags           *[]tagBody        `json:"tags,omitempty" doc:"Cleared if absent, unless the request contains only in_maintenance_mode"`
		Retention      *int              `json:"disconnected_retention_period,omitempty"`
		Autoscaling    *bool             `json:"enable_autoscale,omitempty"`
		Policy         *autoscaleBody    `json:"autoscale_policy,omitempty" doc:"Replaces the policy; an empty object clears it"`
		Reset          *resetPolicyBody  `json:"user_reset_policy,omitempty"`
		InMaintenance  *bool             `json:"in_maintenance_mode,omitempty" doc:"No user gets a desktop of the pool, and autoscaling is suspended"`
		NamePolicyID   *string           `json:"desktop_name_policy_id,omitempty"`
		Zone           *string           `json:"availability_zone,omitempty"`
		Root           *volumeTypeBody   `json:"root_volume,omitempty" doc:"Another type for the system disk of desktops created later"`
		Data           *[]volumeTypeBody `json:"data_volumes,omitempty" doc:"Other types for data disks of desktops created later; disks that are not named keep theirs"`
		VPCID          *string           `json:"vpc_id,omitempty"`
		SubnetIDs      *[]string         `json:"subnet_ids,omitempty"`
		SecurityGroups *[]idBody         `json:"security_groups,omitempty" doc:"None: the default group"`
		EnterpriseID   *string           `json:"enterprise_project_id,omitempty"`
	}
	volumeTypeBody struct {
		ID         string `json:"id" required:"true" doc:"The disk's id in the pool"`
		Type       string `json:"type" required:"true" doc:"A type that ListVolumeProductInfo lists"`
		IOPS       int    `json:"iops,omitempty" doc:"Refused: the disk type determines the speed"`
		Throughput int    `json:"throughput,omitempty" doc:"Refused: the disk type determines the speed"`
		KeyID      string `json:"kms_id,omitempty" doc:"Refused"`
	}
)

func (b *createPoolBody) request(c workspace.Caller) pool.CreatePool {
	r := pool.CreatePool{
		Caller: c, Name: b.Name, Type: b.Type, Size: b.Size, Description: b.Description, Zone: b.Zone, ProductID: b.ProductID,
		ImageType: b.ImageType, ImageID: b.ImageID, Data: each(b.Data, poolVolumeBody.spec), VPCID: b.VPCID, SubnetIDs: b.SubnetIDs,
		SecurityGroups: each(b.SecurityGroups, func(i idBody) string { return i.ID }), People: each(b.People, grantBody.grant),
		OUName: b.OUName, Domain: b.Domain, NamePolicyID: b.NamePolicyID, Tags: each(b.Tags, tagBody.tag),
		EnterpriseID: b.EnterpriseID, Retention: b.Retention, Autoscaling: b.Autoscaling, Policy: b.Policy.change(),
		Reset: b.Reset.change(), Unsupported: b.unsupported(),
	}
	if b.Root != nil {
		r.Root = b.Root.spec()
	}
	return r
}

func (t tagBody) tag() workspace.Tag { return workspace.Tag(t) }

// unsupported returns the fields that Carrel does not support. Zero values do not count.
func (b *createPoolBody) unsupported() []string {
	var names given
	names.add("flavor_id", b.FlavorID != "" && b.FlavorID != b.ProductID)
	if b.Root != nil {
		names.addPoolVolume("root_volume.", *b.Root)
	}
	for i, v := range b.Data {
		names.addPoolVolume(at("data_volumes", i, ""), v)
	}
	return names
}

func (g *given) addPoolVolume(prefix string, v poolVolumeBody) {
	g.addVolume(prefix, v.VolumeBody)
	g.add(prefix+"id", v.ID != "")
	g.add(prefix+"resource_spec_code", v.SpecCode != "" && v.SpecCode != v.Type)
}

func (b *autoscaleBody) change() *pool.PolicyChange {
	return (*pool.PolicyChange)(b)
}

func (b *resetPolicyBody) change() *pool.ResetChange {
	return (*pool.ResetChange)(b)
}

func (b *updatePoolBody) unsupported() []string {
	var names given
	if b.Root != nil {
		names.addTypeChange("root_volume.", *b.Root)
	}
	if b.Data != nil {
		for i, v := range *b.Data {
			names.addTypeChange(at("data_volumes", i, ""), v)
		}
	}
	return names
}

func (g *given) addTypeChange(prefix string, v volumeTypeBody) {
	g.addVolume(prefix, VolumeBody{IOPS: v.IOPS, Throughput: v.Throughput, KeyID: v.KeyID})
}

func (b *updatePoolBody) change() pool.PoolChange {
	c := pool.PoolChange{
		Name: b.Name, Description: b.Description, Zone: b.Zone, OUName: b.OUName, NamePolicyID: b.NamePolicyID,
		EnterpriseID: b.EnterpriseID, VPCID: b.VPCID, SubnetIDs: b.SubnetIDs,
		SecurityGroups: eachOf(b.SecurityGroups, func(i idBody) string { return i.ID }),
		Data:           eachOf(b.Data, volumeTypeBody.change), Retention: b.Retention, Autoscaling: b.Autoscaling,
		Policy: b.Policy.change(), Reset: b.Reset.change(), InMaintenance: b.InMaintenance, Tags: eachOf(b.Tags, tagBody.tag),
	}
	if b.Root != nil {
		c.Root = new(b.Root.change())
	}
	return c
}

func (v volumeTypeBody) change() pool.VolumeTypeChange {
	return pool.VolumeTypeChange{ID: v.ID, Type: v.Type}
}

// eachOf is each for a list that may be absent.
func eachOf[W, T any](items *[]W, from func(W) T) *[]T {
	if items == nil {
		return nil
	}
	return new(each(*items, from))
}

// poolReply is a pool in responses.
type poolReply struct {
	ID             string           `json:"id"`
	Name           string           `json:"name"`
	Type           string           `json:"type"`
	Description    string           `json:"description"`
	Created        string           `json:"created_time"`
	ChargingMode   string           `json:"charging_mode" doc:"1: on demand"`
	Desktops       int              `json:"desktop_count" doc:"Desktops in all states"`
	Used           int              `json:"desktop_used" doc:"Number of desktops with a user"`
	Zone           string           `json:"availability_zone"`
	SubnetID       string           `json:"subnet_id" doc:"The first of subnet_ids"`
	SubnetIDs      []string         `json:"subnet_ids"`
	VPCID          string           `json:"vpc_id"`
	Product        wire.ProductInfo `json:"product"`
	ImageID        string           `json:"image_id" doc:"The image of new desktops"`
	ImageType      string           `json:"image_type"`
	ImageName      string           `json:"image_name"`
	OSType         string           `json:"image_os_type"`
	OSVersion      string           `json:"image_os_version"`
	OSPlatform     string           `json:"image_os_platform"`
	Root           poolVolume       `json:"root_volume"`
	Data           []poolVolume     `json:"data_volumes" doc:"In the order of the request"`
	SecurityGroups []namedGroup     `json:"security_groups"`
	Retention      int              `json:"disconnected_retention_period" doc:"Minutes; 0 in STATIC pools"`
	Autoscaling    bool             `json:"enable_autoscale"`
	Policy         *autoscaleBody   `json:"autoscale_policy,omitempty"`
	Reset          resetPolicyBody  `json:"user_reset_policy"`
	Status         string           `json:"status" enum:"STEADY,TEMPORARY,EXIST_FROZEN" doc:"TEMPORARY while a job of the pool is running"`
	EnterpriseID   string           `json:"enterprise_project_id"`
	InMaintenance  bool             `json:"in_maintenance_mode"`
	NamePolicyID   string           `json:"desktop_name_policy_id"`
	Tags           []tagBody        `json:"tags"`
	OUName         string           `json:"ou_name"`
	Isolated       int              `json:"isolation_num" doc:"Number of isolated desktops"`
	Domain         string           `json:"domain"`
	History        []poolImageReply `json:"image_history" doc:"Images of the pool, oldest first; the last is the present one"`
}

type poolVolume struct {
	ID       string `json:"id" doc:"Identifies the disk in calls about the pool's disks"`
	Type     string `json:"type"`
	Size     int    `json:"size" doc:"GB"`
	SpecCode string `json:"resource_spec_code"`
}

type poolImageReply struct {
	ImageID string `json:"image_id"`
	Type    string `json:"image_type"`
	JobID   string `json:"job_id" doc:"Job of the rebuild that introduced the image; empty for the first"`
	Since   string `json:"since"`
}

func poolReplyOf(p pool.PoolDetail) poolReply {
	out := poolReply{
		ID: p.ID, Name: p.Name, Type: string(p.Type), Description: p.Description, Created: stamp(p.Created), ChargingMode: onDemand,
		Desktops: p.Counts.Desktops, Used: p.Counts.Bound, Zone: p.Zone, SubnetIDs: append([]string{}, p.SubnetIDs...), VPCID: p.VPCID,
		Product: orderedProduct(p.Product), ImageID: p.ImageID, ImageType: string(p.ImageType), ImageName: p.Image.Name,
		OSType: p.Image.OSType, OSVersion: p.Image.OSVersion, OSPlatform: platformOf(p.Image), Root: poolVolumeOf(p.Root),
		Data: each(p.Data, poolVolumeOf), Retention: p.RetentionMinutes, Autoscaling: p.Autoscaling, Policy: policyOf(p.Policy),
		Status: string(p.Status()), EnterpriseID: p.EnterpriseID, InMaintenance: p.InMaintenance, NamePolicyID: p.NamePolicyID,
		Tags: each(p.Tags, func(t workspace.Tag) tagBody { return tagBody(t) }), OUName: p.OUName, Isolated: p.Counts.Isolated,
		Domain:         cmp.Or(p.Domain, directory.BuiltInDomain),
		SecurityGroups: each(p.Groups, groupNamed),
		Reset:          resetPolicyBody{Enabled: new(p.Reset.Enabled), PerDay: new(p.Reset.PerDay)},
		History: each(p.History, func(i pool.PoolImage) poolImageReply {
			return poolImageReply{ImageID: i.ImageID, Type: string(i.Type), JobID: i.JobID, Since: stamp(i.Since)}
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

func poolVolumeOf(v pool.PoolVolume) poolVolume {
	return poolVolume{ID: v.ID, Type: v.Type, Size: v.GB, SpecCode: v.Type}
}

// policyOf returns nil for a pool without a policy.
func policyOf(p autoscale.Policy) *autoscaleBody {
	if p.Type == "" {
		return nil
	}
	return &autoscaleBody{
		Type: &p.Type, MinIdle: &p.MinIdle, MinRetention: &p.MinRetention, IdleMinutes: p.IdleMinutes, AutoIsolation: &p.AutoIsolation,
		MaxAutoCreated: unlessZero(p.MaxAutoCreated), MaxIsolated: unlessZero(p.MaxIsolated), OnceCreated: unlessZero(p.OnceCreated),
	}
}

// unlessZero returns nil for 0, the value of these settings if they were omitted.
func unlessZero(n int) *int {
	if n == 0 {
		return nil
	}
	return &n
}

type namedGroup struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func groupNamed(g catalog.SecurityGroup) namedGroup { return namedGroup{g.ID, g.Name} }
