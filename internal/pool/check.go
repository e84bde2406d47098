package pool

import (
	"cmp"
	"fmt"
	"slices"
	"time"
	"unicode"
	"unicode/utf8"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/directory"
	"carrel/internal/pool/autoscale"
	"carrel/internal/workspace"
)

// Limits of requests for pools.
const (
	MaxPoolName         = 255
	MaxPoolSize         = 1000 // desktops created by one request
	MaxPoolDescription  = 255
	MaxPoolSubnets      = 50
	MaxOUName           = 255
	MinRetention        = 10    // minutes
	MaxRetention        = 43200 // minutes: 30 days
	DefaultRetention    = 30    // minutes
	MaxAutoCreated      = 5000
	MaxMinIdle          = 5000
	MaxIdleMinutes      = 43200
	MaxResetsPerDay     = 100
	DefaultResetsPerDay = 1
)

// CreatePool is a request for a pool with its first desktops.
type CreatePool struct {
	workspace.Caller
	Name           string
	Type           PoolType
	Size           int
	Description    string
	Zone           string // empty: the default zone, also if that changes later
	ProductID      string
	ImageType      catalog.ImageType // empty: private
	ImageID        string
	Root           desktop.VolumeSpec
	Data           []desktop.VolumeSpec
	VPCID          string // empty: that of the subnets
	SubnetIDs      []string
	SecurityGroups []string // none: the default group
	People         []Grant
	OUName         string
	Domain         string
	NamePolicyID   string
	Tags           []workspace.Tag
	EnterpriseID   string
	Retention      *int // minutes
	Autoscaling    bool
	Policy         *PolicyChange
	Reset          *ResetChange
}

// PolicyChange is an autoscaling policy as sent: nil fields were omitted. If all are nil, no policy was sent.
type PolicyChange struct {
	Type           *autoscale.Type
	MaxAutoCreated *int
	MinIdle        *int
	OnceCreated    *int
	MinRetention   *int
	IdleMinutes    *int
	AutoIsolation  *bool
	MaxIsolated    *int
}

// ResetChange is a reset policy as sent: nil fields were omitted.
type ResetChange struct {
	Enabled *bool
	PerDay  *int
}

// Check validates the request on its own, without the database.
func (r *CreatePool) Check() error {
	switch {
	case r.Size < 1 || r.Size > MaxPoolSize:
		return workspace.Invalid("size", "%d is out of range, use 1 to %d", r.Size, MaxPoolSize)
	case r.ProductID == "":
		return workspace.Invalid("product_id", "must not be empty")
	case r.ImageID == "":
		return workspace.Invalid("image_id", "must not be empty")
	case len(r.SubnetIDs) == 0:
		return workspace.Invalid("subnet_ids", "must hold 1 to %d subnets", MaxPoolSubnets)
	}
	if err := desktop.CheckVolume("root_volume", r.Root, desktop.MinRootGB); err != nil {
		return err
	}
	if len(r.Data) > desktop.MaxDataVolumes {
		return workspace.Invalid("data_volumes", "%d volumes, at most %d are allowed", len(r.Data), desktop.MaxDataVolumes)
	}
	for i, v := range r.Data {
		if err := desktop.CheckVolume(fmt.Sprintf("data_volumes[%d]", i), v, desktop.MinDataGB); err != nil {
			return err
		}
	}
	if err := checkGrants("authorized_objects", r.People); err != nil {
		return err
	}
	if err := directory.CheckDomain("domain", r.Domain); err != nil {
		return err
	}
	p := r.pool()
	if err := checkRetention(p.Type, r.Retention); err != nil {
		return err
	}
	if err := r.Policy.check(); err != nil {
		return err
	}
	if err := r.Reset.check(); err != nil {
		return err
	}
	return p.check()
}

// Pool returns the requested pool without its grants, with zone, VPC, subnets and groups as sent: the caller fills in omitted
// ids. Call Check first.
func (r *CreatePool) Pool(now time.Time) Pool {
	p := r.pool()
	p.ID, p.Created, p.Updated = workspace.NewID(), now, now
	p.Root.ID = workspace.NewID()
	for i := range p.Data {
		p.Data[i].ID = workspace.NewID()
	}
	p.History = []PoolImage{{ImageID: p.ImageID, Type: p.ImageType, Since: now}}
	return p
}

func (r *CreatePool) pool() Pool {
	p := Pool{
		ProjectID: r.ProjectID, Name: r.Name, Type: r.Type, Description: r.Description, Zone: r.Zone, ProductID: r.ProductID,
		ImageType: cmp.Or(r.ImageType, catalog.ImagePrivate), ImageID: r.ImageID, Root: PoolVolume{Type: r.Root.Type, GB: r.Root.GB, Speed: r.Root.Speed},
		VPCID: r.VPCID, SubnetIDs: slices.Clone(r.SubnetIDs), SecurityGroups: slices.Clone(r.SecurityGroups),
		EnterpriseID: cmp.Or(r.EnterpriseID, workspace.DefaultEnterprise), OUName: r.OUName, Domain: r.Domain, NamePolicyID: r.NamePolicyID,
		Tags: slices.Clone(r.Tags), Autoscaling: r.Autoscaling, Policy: r.Policy.policy(), Reset: r.Reset.policy(),
	}
	for _, v := range r.Data {
		p.Data = append(p.Data, PoolVolume{Type: v.Type, GB: v.GB, Speed: v.Speed})
	}
	if p.Type == Dynamic {
		p.RetentionMinutes = DefaultRetention
		if r.Retention != nil {
			p.RetentionMinutes = *r.Retention
		}
	}
	return p
}

// check validates what must hold for every pool, however it was created.
func (p Pool) check() error {
	if err := CheckPoolName("name", p.Name); err != nil {
		return err
	}
	if err := catalog.CheckImageType(p.ImageType); err != nil {
		return err
	}
	switch {
	case p.Type != Dynamic && p.Type != Static:
		return workspace.Invalid("type", "%q is unknown, use DYNAMIC or STATIC", p.Type)
	case utf8.RuneCountInString(p.Description) > MaxPoolDescription:
		return workspace.Invalid("description", "%d characters, at most %d are allowed", utf8.RuneCountInString(p.Description), MaxPoolDescription)
	case utf8.RuneCountInString(p.OUName) > MaxOUName:
		return workspace.Invalid("ou_name", "%d characters, at most %d are allowed", utf8.RuneCountInString(p.OUName), MaxOUName)
	case len(p.EnterpriseID) > workspace.MaxEnterpriseIDSize:
		return workspace.Invalid("enterprise_project_id", "at most %d characters are allowed", workspace.MaxEnterpriseIDSize)
	case len(p.NamePolicyID) > 64:
		return workspace.Invalid("desktop_name_policy_id", "at most 64 characters are allowed")
	case len(p.SubnetIDs) == 0 || len(p.SubnetIDs) > MaxPoolSubnets:
		return workspace.Invalid("subnet_ids", "%d subnets, give 1 to %d", len(p.SubnetIDs), MaxPoolSubnets)
	}
	if err := CheckDistinct("subnet_ids[%d]", p.SubnetIDs); err != nil {
		return err
	}
	if err := CheckDistinct("security_groups[%d].id", p.SecurityGroups); err != nil {
		return err
	}
	if p.Autoscaling && p.Policy.Type != "" && p.Policy.MaxAutoCreated == 0 {
		return workspace.Invalid("autoscale_policy.max_auto_created", "is needed with enable_autoscale, use 1 to %d", MaxAutoCreated)
	}
	return workspace.CheckTags("tags", p.Tags)
}

func CheckDistinct(field string, ids []string) error {
	for i, id := range ids {
		switch {
		case id == "":
			return workspace.Invalid(fmt.Sprintf(field, i), "must not be empty")
		case slices.Contains(ids[:i], id):
			return workspace.Invalid(fmt.Sprintf(field, i), "%s is listed twice", id)
		}
	}
	return nil
}

// CheckPoolName returns why name is not valid for a pool, or nil: 1 to MaxPoolName letters (including Chinese ones), digits and
// hyphens.
func CheckPoolName(field, name string) error {
	if name == "" {
		return workspace.Invalid(field, "must not be empty")
	}
	if n := utf8.RuneCountInString(name); n > MaxPoolName {
		return workspace.Invalid(field, "%d characters, at most %d are allowed", n, MaxPoolName)
	}
	for i, r := range name {
		switch {
		case workspace.IsASCIILetter(r), workspace.IsDigit(r), unicode.Is(unicode.Han, r):
		case r == '-' && i > 0:
		case r == '-':
			return workspace.Invalid(field, "%q must start with a letter or digit", name)
		default:
			return workspace.Invalid(field, "%q is not allowed in %q: use letters, digits and hyphens", r, name)
		}
	}
	return nil
}

func checkRetention(of PoolType, minutes *int) error {
	const field = "disconnected_retention_period"
	switch {
	case minutes == nil:
	case of == Static && *minutes != 0:
		return workspace.Invalid(field, "is for DYNAMIC pools only: in a STATIC pool users keep their desktops; leave it out")
	case of != Static && (*minutes < MinRetention || *minutes > MaxRetention):
		return workspace.Invalid(field, "%d minutes is out of range, use %d to %d", *minutes, MinRetention, MaxRetention)
	}
	return nil
}

func (c *PolicyChange) check() error {
	if c == nil {
		return nil
	}
	if c.Type != nil && *c.Type != autoscale.AccessCreated && *c.Type != autoscale.AutoCreated {
		return workspace.Invalid("autoscale_policy.autoscale_type", "%q is unknown, use ACCESS_CREATED or AUTO_CREATED", *c.Type)
	}
	for _, f := range []struct {
		name     string
		value    *int
		from, to int
	}{
		{"max_auto_created", c.MaxAutoCreated, 1, MaxAutoCreated},
		{"min_idle", c.MinIdle, 0, MaxMinIdle},
		{"once_auto_created", c.OnceCreated, 1, autoscale.MaxOnceCreated},
		{"min_retention", c.MinRetention, 0, MaxAutoCreated},
		{"idle_retention_duration", c.IdleMinutes, 0, MaxIdleMinutes},
		{"auto_isolation_max_num", c.MaxIsolated, 1, autoscale.DefaultMaxIsolated},
	} {
		if f.value != nil && (*f.value < f.from || *f.value > f.to) {
			return workspace.Invalid("autoscale_policy."+f.name, "%d is out of range, use %d to %d", *f.value, f.from, f.to)
		}
	}
	if c.Type == nil && *c != (PolicyChange{}) {
		return workspace.Invalid("autoscale_policy.autoscale_type", "must be ACCESS_CREATED or AUTO_CREATED")
	}
	return nil
}

func (c *PolicyChange) policy() autoscale.Policy {
	if c == nil || c.Type == nil {
		return autoscale.Policy{}
	}
	return autoscale.Policy{
		Type: *c.Type, MaxAutoCreated: or(c.MaxAutoCreated, 0), MinIdle: or(c.MinIdle, 0), OnceCreated: or(c.OnceCreated, 0),
		MinRetention: or(c.MinRetention, 0), IdleMinutes: c.IdleMinutes, AutoIsolation: or(c.AutoIsolation, false),
		MaxIsolated: or(c.MaxIsolated, 0),
	}
}

func (c *ResetChange) check() error {
	if c != nil && c.PerDay != nil && (*c.PerDay < 1 || *c.PerDay > MaxResetsPerDay) {
		return workspace.Invalid("user_reset_policy.reset_count_per_day", "%d is out of range, use 1 to %d", *c.PerDay, MaxResetsPerDay)
	}
	return nil
}

func (c *ResetChange) policy() UserResetPolicy {
	if c == nil || !or(c.Enabled, false) {
		return UserResetPolicy{}
	}
	return UserResetPolicy{Enabled: true, PerDay: or(c.PerDay, DefaultResetsPerDay)}
}

func or[T any](value *T, otherwise T) T {
	if value == nil {
		return otherwise
	}
	return *value
}
