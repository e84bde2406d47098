package pool

import (
	"carrel/internal/catalog"
	"cmp"
	"fmt"
	"slices"

	"carrel/internal/desktop"
	"carrel/internal/workspace"
)

// PoolChange is a change to a pool's settings as sent: nil fields were omitted and stay, except Tags. Empty strings clear Zone,
// OUName, NamePolicyID and Description; a Policy without any field clears the policy. It does not change existing desktops.
type PoolChange struct {
	Name           *string
	Description    *string
	Zone           *string
	OUName         *string
	NamePolicyID   *string
	EnterpriseID   *string
	VPCID          *string
	SubnetIDs      *[]string
	SecurityGroups *[]string
	Root           *VolumeTypeChange
	Data           *[]VolumeTypeChange
	Retention      *int // minutes
	Autoscaling    *bool
	Policy         *PolicyChange
	Reset          *ResetChange
	InMaintenance  *bool
	Tags           *[]workspace.Tag // nil clears them if any setting other than InMaintenance is set, as clients expect of a PUT
}

// VolumeTypeChange sets the type of a pool's disk for new desktops.
type VolumeTypeChange struct {
	ID   string
	Type string
	catalog.Speed
}

// settings says whether the change has any setting other than the tags and the maintenance mode.
func (c PoolChange) settings() bool {
	c.Tags, c.InMaintenance = nil, nil
	return c != PoolChange{}
}

// Apply returns the pool after the change. CodeInvalid. It does not check whether the zone, subnets and so on exist.
func (c PoolChange) Apply(p Pool) (Pool, error) {
	if err := checkRetention(p.Type, c.Retention); err != nil {
		return p, err
	}
	if err := c.Policy.check(); err != nil {
		return p, err
	}
	if err := c.Reset.check(); err != nil {
		return p, err
	}
	next := p
	c.place(&next)
	if c.Retention != nil && p.Type == Dynamic {
		next.RetentionMinutes = *c.Retention
	}
	next.Autoscaling = or(c.Autoscaling, p.Autoscaling)
	if c.Policy != nil {
		next.Policy = c.Policy.policy()
	}
	if c.Reset != nil {
		next.Reset = c.Reset.policy()
	}
	next.InMaintenance = or(c.InMaintenance, p.InMaintenance)
	switch {
	case c.Tags != nil:
		next.Tags = slices.Clone(*c.Tags)
	case c.settings():
		next.Tags = nil
	}
	if err := c.volumes(&next); err != nil {
		return p, err
	}
	if err := next.check(); err != nil {
		return p, err
	}
	return next, nil
}

// place applies the settings for how and where new desktops are created.
func (c PoolChange) place(p *Pool) {
	p.Name = or(c.Name, p.Name)
	p.Description = or(c.Description, p.Description)
	p.Zone = or(c.Zone, p.Zone)
	p.OUName = or(c.OUName, p.OUName)
	p.NamePolicyID = or(c.NamePolicyID, p.NamePolicyID)
	p.EnterpriseID = cmp.Or(or(c.EnterpriseID, p.EnterpriseID), workspace.DefaultEnterprise)
	p.VPCID = or(c.VPCID, p.VPCID)
	p.SubnetIDs = slices.Clone(or(c.SubnetIDs, p.SubnetIDs))
	p.SecurityGroups = slices.Clone(or(c.SecurityGroups, p.SecurityGroups))
}

func (c PoolChange) volumes(p *Pool) error {
	if c.Root != nil {
		if c.Root.ID != p.Root.ID {
			return workspace.Invalid("root_volume.id", "%q is not the pool's system disk, that is %s", c.Root.ID, p.Root.ID)
		}
		if c.Root.Type == "" {
			return workspace.Invalid("root_volume.type", "must not be empty")
		}
		if err := p.Root.become("root_volume", *c.Root); err != nil {
			return err
		}
	}
	p.Data = slices.Clone(p.Data)
	for i, v := range or(c.Data, nil) {
		at, err := p.volume(fmt.Sprintf("data_volumes[%d].id", i), v.ID)
		if err != nil {
			return err
		}
		if v.Type == "" {
			return workspace.Invalid(fmt.Sprintf("data_volumes[%d].type", i), "must not be empty")
		}
		if err := p.Data[at].become(fmt.Sprintf("data_volumes[%d]", i), v); err != nil {
			return err
		}
	}
	return nil
}

// become gives the disk another type, or only another speed. Without a speed, a disk that keeps its type keeps its speed.
func (v *PoolVolume) become(field string, c VolumeTypeChange) error {
	if c.Type == v.Type && c.Speed == (catalog.Speed{}) {
		return nil
	}
	if err := catalog.CheckSpeed(field, c.Type, v.GB, c.Speed); err != nil {
		return err
	}
	v.Type, v.Speed = c.Type, c.Speed
	return nil
}

// volume returns the index of the data volume with this id.
func (p Pool) volume(field, id string) (int, error) {
	at := slices.IndexFunc(p.Data, func(v PoolVolume) bool { return v.ID == id })
	if at < 0 {
		return 0, workspace.Invalid(field, "%q is not a data disk of the pool", id)
	}
	return at, nil
}

// AddVolumes returns the pool with additional data disks.
func (p Pool) AddVolumes(specs []desktop.VolumeSpec) (Pool, error) {
	if len(specs) == 0 || len(p.Data)+len(specs) > desktop.MaxDataVolumes {
		return p, workspace.Invalid("volumes", "%d volumes, give 1 to %d: the pool has %d and a desktop holds %d", len(specs), desktop.MaxDataVolumes-len(p.Data), len(p.Data), desktop.MaxDataVolumes)
	}
	data := slices.Clone(p.Data)
	for i, v := range specs {
		if err := desktop.CheckVolume(fmt.Sprintf("volumes[%d]", i), v, desktop.MinDataGB); err != nil {
			return p, err
		}
		data = append(data, PoolVolume{ID: workspace.NewID(), Type: v.Type, GB: v.GB, Speed: v.Speed})
	}
	p.Data = data
	return p, nil
}

// DeleteVolumes returns the pool without these data disks.
func (p Pool) DeleteVolumes(ids []string) (Pool, error) {
	if err := checkVolumeIDs(ids); err != nil {
		return p, err
	}
	for i, id := range ids {
		if _, err := p.volume(fmt.Sprintf("volumes[%d].id", i), id); err != nil {
			return p, err
		}
	}
	p.Data = slices.DeleteFunc(slices.Clone(p.Data), func(v PoolVolume) bool { return slices.Contains(ids, v.ID) })
	return p, nil
}

// VolumeGrowth is a request for a larger disk.
type VolumeGrowth struct {
	ID string `json:"id"`
	GB int    `json:"gb"`
}

// ExpandVolumes returns the pool with larger disks, which may include the system disk.
func (p Pool) ExpandVolumes(growths []VolumeGrowth) (Pool, error) {
	var ids []string
	for _, g := range growths {
		ids = append(ids, g.ID)
	}
	if err := checkVolumeIDs(ids); err != nil {
		return p, err
	}
	next := p
	next.Data = slices.Clone(p.Data)
	for i, g := range growths {
		field := fmt.Sprintf("volumes[%d]", i)
		v := &next.Root
		if g.ID != p.Root.ID {
			at, err := p.volume(field+".id", g.ID)
			if err != nil {
				return p, err
			}
			v = &next.Data[at]
		}
		if err := desktop.CheckVolume(field, desktop.VolumeSpec{Type: v.Type, GB: g.GB, Speed: v.Speed}, desktop.MinDataGB); err != nil {
			return p, err
		}
		if g.GB <= v.GB {
			return p, workspace.Invalid(field+".size", "%d GB is not more than the %d GB that the disk has; disks cannot shrink", g.GB, v.GB)
		}
		v.GB = g.GB
	}
	return next, nil
}

func checkVolumeIDs(ids []string) error {
	if len(ids) == 0 || len(ids) > desktop.MaxDataVolumes+1 {
		return workspace.Invalid("volumes", "%d volumes, give 1 to %d", len(ids), desktop.MaxDataVolumes+1)
	}
	return CheckDistinct("volumes[%d].id", ids)
}
