package desktop

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"

	"carrel/internal/capacity"
	"carrel/internal/catalog"
	"carrel/internal/directory"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Limits of a request for desktops.
const (
	MaxDesktopsPerRequest = 100
	MaxDataVolumes        = 10
	MinRootGB             = 80
	MinDataGB             = 10
	MaxVolumeGB           = 32760
	VolumeStepGB          = 10
)

// CreateDesktops is a request for desktops of one configuration: one for each of Desktops, or Size desktops without a user.
type CreateDesktops struct {
	workspace.Caller
	Type           workspace.DesktopType
	Zone           string // empty: the default zone
	ProductID      string
	ImageType      catalog.ImageType
	ImageID        string
	Root           VolumeSpec
	Data           []VolumeSpec
	VPCID          string   // empty: that of the subnet
	SubnetIDs      []string // none: the default subnet
	SecurityGroups []string // none: the default group
	Desktops       []NewDesktop
	Size           *int
	Name           string // with Size: the name of a single desktop, the prefix of several
	Addresses      []string
	Notify         bool
	EnterpriseID   string
	Tags           []workspace.Tag
	Domain         string         // the directory's name; empty: the built-in one
	OUName         string         // of the built-in directory, ignoring case; empty: none
	Public         *PublicAddress // nil: none
	OrderID        string         // kept with the desktops; at most 64 characters
	NamePolicyID   string         // names the desktops without a requested name; empty: the project's default policy, if it has one
}

// VolumeSpec is a requested disk.
type VolumeSpec struct {
	Type string
	GB   int
	catalog.Speed
}

// maxOrderID is the length of the id of an order, in characters.
const maxOrderID = 64

// NewDesktop is a request for a desktop for a user, who is created if the name is unknown.
type NewDesktop struct {
	UserName  string
	UserEmail string
	UserPhone string
	Group     workspace.UserGroup
	Name      string // empty: generated from Prefix
	Prefix    string // empty: generated from UserName
	HostName  string
	Domain    string
}

// CreateParams are the parameters of a createDesktops sub-job.
type CreateParams struct {
	Notify bool   `json:"notify"`
	Remark string `json:"remark,omitempty"` // shown with the sub-job's success
	// FixedAddress says that the request named the desktop's address, so it must not get another one.
	FixedAddress bool `json:"fixed_address,omitempty"`
}

// Check validates the request on its own: limits, names and fields that exclude each other.
func (r *CreateDesktops) Check() error {
	if r.Type != workspace.Dedicated && r.Type != workspace.Shared {
		return workspace.Invalid("desktop_type", "%q is unknown, use DEDICATED or SHARED", r.Type)
	}
	if err := r.checkCount(); err != nil {
		return err
	}
	if err := CheckVolume("root_volume", r.Root, MinRootGB); err != nil {
		return err
	}
	if len(r.Data) > MaxDataVolumes {
		return workspace.Invalid("data_volumes", "%d volumes, at most %d are allowed", len(r.Data), MaxDataVolumes)
	}
	for i, v := range r.Data {
		if err := CheckVolume(fmt.Sprintf("data_volumes[%d]", i), v, MinDataGB); err != nil {
			return err
		}
	}
	if len(r.SubnetIDs) > 1 {
		return workspace.Invalid("nics", "%d network cards, 1 is allowed", len(r.SubnetIDs))
	}
	if err := r.Public.check(r.count()); err != nil {
		return err
	}
	if len(r.EnterpriseID) > workspace.MaxEnterpriseIDSize {
		return workspace.Invalid("enterprise_project_id", "at most %d characters are allowed", workspace.MaxEnterpriseIDSize)
	}
	if utf8.RuneCountInString(r.OrderID) > maxOrderID {
		return workspace.Invalid("order_id", "at most %d characters are allowed", maxOrderID)
	}
	if err := workspace.CheckTags("tags", r.Tags); err != nil {
		return err
	}
	return directory.CheckDomain("domain", r.Domain)
}

func (r *CreateDesktops) checkCount() error {
	switch {
	case r.Size != nil && len(r.Desktops) > 0:
		return workspace.Invalid("size", "cannot be used together with desktops")
	case r.Size == nil && len(r.Desktops) == 0:
		return workspace.Invalid("desktops", "must hold 1 to %d desktops, or size and desktop_name must be given instead", MaxDesktopsPerRequest)
	case len(r.Desktops) > MaxDesktopsPerRequest:
		return workspace.Invalid("desktops", "%d desktops, at most %d are allowed", len(r.Desktops), MaxDesktopsPerRequest)
	case r.Size != nil && (*r.Size < 1 || *r.Size > MaxDesktopsPerRequest):
		return workspace.Invalid("size", "%d is out of range, use 1 to %d", *r.Size, MaxDesktopsPerRequest)
	case len(r.Addresses) > 0 && len(r.Addresses) != r.count():
		return workspace.Invalid("desktop_ips", "%d addresses for %d desktops, give one for each or none", len(r.Addresses), r.count())
	}
	if r.Size != nil {
		if r.NamePolicyID != "" {
			if r.Name != "" {
				return workspace.Invalid("desktop_name", "cannot be used together with desktop_name_policy_id")
			}
			return nil
		}
		limit := workspace.MaxComputerName
		if *r.Size > 1 {
			limit = workspace.MaxNamePrefix
		}
		return workspace.CheckComputerName("desktop_name", r.Name, limit)
	}
	names := map[string]bool{}
	for i, d := range r.Desktops {
		at := fmt.Sprintf("desktops[%d].", i)
		if err := d.check(at); err != nil {
			return err
		}
		if d.Prefix != "" && r.NamePolicyID != "" {
			return workspace.Invalid(at+"desktop_name_prefix", "cannot be used together with desktop_name_policy_id")
		}
		if key := strings.ToLower(d.Name); key != "" {
			if names[key] {
				return workspace.Invalid(at+"computer_name", "%q is listed twice", d.Name)
			}
			names[key] = true
		}
	}
	return nil
}

func (d NewDesktop) check(at string) error {
	if err := workspace.CheckUserName(at+"user_name", d.UserName); err != nil {
		return err
	}
	if err := directory.CheckEmail(at+"user_email", d.UserEmail); err != nil {
		return err
	}
	if err := directory.CheckPhone(at+"user_phone", d.UserPhone); err != nil {
		return err
	}
	if d.Name != "" {
		if err := workspace.CheckComputerName(at+"computer_name", d.Name, workspace.MaxComputerName); err != nil {
			return err
		}
	}
	if d.Prefix != "" {
		if err := workspace.CheckComputerName(at+"desktop_name_prefix", strings.TrimSuffix(d.Prefix, "-"), workspace.MaxNamePrefix); err != nil {
			return err
		}
	}
	if d.HostName != "" {
		if err := workspace.CheckHostName(at+"os_host_name", d.HostName); err != nil {
			return err
		}
	}
	if _, _, err := GroupFor(at+"user_group", d.Group); err != nil {
		return err
	}
	return directory.CheckDomain(at+"domain", d.Domain)
}

func CheckVolume(field string, v VolumeSpec, least int) error {
	switch {
	case v.Type == "":
		return workspace.Invalid(field+".type", "must not be empty")
	case v.GB < least || v.GB > MaxVolumeGB:
		return workspace.Invalid(field+".size", "%d GB is out of range, use %d to %d", v.GB, least, MaxVolumeGB)
	case v.GB%VolumeStepGB != 0:
		return workspace.Invalid(field+".size", "%d GB is not a multiple of %d", v.GB, VolumeStepGB)
	}
	return catalog.CheckSpeed(field, v.Type, v.GB, v.Speed)
}

func (r *CreateDesktops) count() int {
	if r.Size != nil {
		return *r.Size
	}
	return len(r.Desktops)
}

// CreateDesktops writes the desktops, unknown users, and a job that creates the machines. It returns the job's id. Names and
// addresses of the request are taken or refused; those that Carrel chooses are chosen again if another transaction took them
// first.
func (s *Service) CreateDesktops(ctx context.Context, r CreateDesktops) (string, error) {
	if err := r.Check(); err != nil {
		return "", err
	}
	return Choosing(ctx, s.Store, store.As(r.Caller, func(tx *store.Tx) (string, error) { return s.createDesktops(ctx, tx, r) }))
}

// Choosing is store.Update for transactions that choose names or addresses: it repeats f if another transaction took them first.
func Choosing[T any](ctx context.Context, s store.Transactions, f func(*store.Tx) (T, error)) (T, error) {
	const attempts = 5
	for attempt := 1; ; attempt++ {
		out, err := store.Update(ctx, s, f)
		chosen := workspace.CodeOf(err) == workspace.CodeNameTaken || workspace.CodeOf(err) == workspace.CodeAddressTaken
		if err == nil || !chosen || attempt == attempts {
			return out, err
		}
	}
}

func (s *Service) createDesktops(ctx context.Context, tx *store.Tx, r CreateDesktops) (string, error) {
	place, err := findPlace(ctx, tx, r)
	if err != nil {
		return "", err
	}
	names, err := chooseNames(ctx, tx, r)
	if err != nil {
		return "", err
	}
	addresses, err := chooseAddresses(ctx, tx, place.subnet, r)
	if err != nil {
		return "", err
	}
	if err := place.allowance.Admit(ctx, tx, QuotaOf(place.product, append([]VolumeSpec{r.Root}, r.Data...)...).Times(r.count())); err != nil {
		return "", err
	}
	people, err := findOrAddPeople(ctx, tx, r.Caller, place.allowance, r.Desktops)
	if err != nil {
		return "", err
	}

	job := workspace.Job{ID: workspace.NewID(), ProjectID: r.ProjectID, Type: workspace.JobCreateDesktops, RequestID: r.RequestID, Created: tx.Now()}
	desktops := make([]Desktop, r.count())
	asksHost := func(i int) bool { return len(r.Desktops) > 0 && r.Desktops[i].HostName != "" }
	for i := range desktops {
		d := r.desktop(place, names[i], addresses[i], tx.Now())
		params := CreateParams{Notify: r.Notify, FixedAddress: len(r.Addresses) > 0, Remark: catalog.SystemRemark(place.product, place.image)}
		if len(r.Desktops) > 0 {
			asked, user := r.Desktops[i], people[i]
			if asked.HostName != "" {
				d.HostName = asked.HostName
			}
			group, remark, err := GroupFor(fmt.Sprintf("desktops[%d].user_group", i), asked.Group)
			if err != nil {
				return "", err
			}
			params.Remark = joined(params.Remark, remark)
			d.Assignments = []Assignment{{DesktopID: d.ID, UserID: user.ID, UserName: user.Name, Group: group, Created: tx.Now()}}
		}
		sub := NewSubJob(&job, d, params)
		d.TaskOwner = sub.ID
		desktops[i] = d
		job.SubJobs = append(job.SubJobs, sub)
	}
	if err := SettleHostNames(ctx, tx, r.ProjectID, desktops, asksHost); err != nil {
		return "", err
	}
	if err := InsertDesktops(ctx, tx, desktops); err != nil {
		return "", err
	}
	if err := s.bindAddresses(ctx, tx, r, desktops, place.subnet.Network); err != nil {
		return "", err
	}
	if err := tx.InsertJob(ctx, job); err != nil {
		return "", err
	}
	return job.ID, capacity.Reserve(ctx, tx, DemandOf(r.count(), place.product, append([]VolumeSpec{r.Root}, r.Data...)...))
}

// NewSubJob adds to j its next sub-job, about d.
func NewSubJob(j *workspace.Job, d Desktop, params any) workspace.SubJob {
	s := j.NextSubJob(params)
	s.PoolID, s.DesktopID, s.DesktopName, s.ProductID, s.EnterpriseID = d.PoolID, d.ID, d.Name, d.ProductID, d.EnterpriseID
	s.UserName, s.Address = d.FirstUser(), d.Address
	return s
}

// NothingToDo gives a job without sub-jobs one that has ended for each of the desktops: clients poll the job whose id they get,
// and take one without sub-jobs for a failure.
func NothingToDo(j *workspace.Job, desktops []Desktop) {
	if len(j.SubJobs) > 0 {
		return
	}
	for _, d := range desktops {
		j.SubJobs = append(j.SubJobs, NewSubJob(j, d, struct{}{}).NotNeeded("there was nothing to do", j.Created))
	}
}

// FirstUser returns the name of the user who has had the desktop longest, or "".
func (d Desktop) FirstUser() string {
	if len(d.Assignments) == 0 {
		return ""
	}
	return d.Assignments[0].UserName
}

func (r *CreateDesktops) desktop(p place, name, address string, now time.Time) Desktop {
	d := Desktop{
		ID: workspace.NewID(), ProjectID: r.ProjectID, Type: r.Type, Name: name, OUID: p.ouID,
		ProductID: p.product.ID, ImageID: p.image.ID, Zone: p.zone, SubnetID: p.subnet.ID, Address: address,
		SecurityGroups: p.groups, EnterpriseID: cmp.Or(r.EnterpriseID, workspace.DefaultEnterprise), Tags: r.Tags,
		OrderID: r.OrderID, Status: StatusCreating, Task: workspace.TaskCreating, Login: LoginUnregistered, Created: now, Updated: now,
	}
	d.HostName = workspace.HostNameFor(name, d.ID)
	d.Root = NewVolume(r.Root, 0, now)
	for i, v := range r.Data {
		d.Data = append(d.Data, NewVolume(v, i+1, now))
	}
	return d
}

// NewVolume returns the volume at an index: 0 is the system disk.
func NewVolume(v VolumeSpec, index int, now time.Time) Volume {
	name := "system"
	if index > 0 {
		name = fmt.Sprintf("data-%d", index)
	}
	return Volume{ID: workspace.NewID(), Type: v.Type, GB: v.GB, Device: "/dev/sd" + string(rune('a'+index)), Name: name, Created: now, Speed: v.Speed}
}

func chooseAddresses(ctx context.Context, tx *store.Tx, s catalog.Subnet, r CreateDesktops) ([]string, error) {
	if len(r.Addresses) == 0 {
		return catalog.FreeAddresses(ctx, tx, s.ID, r.count())
	}
	seen := map[string]bool{}
	for i, a := range r.Addresses {
		field := fmt.Sprintf("desktop_ips[%d]", i)
		if err := checkAddress(field, s, a); err != nil {
			return nil, err
		}
		if seen[a] {
			return nil, workspace.Invalid(field, "%s is listed twice", a)
		}
		seen[a] = true
	}
	return r.Addresses, refuseReserved(ctx, tx, "desktop_ips", s.ID, r.Addresses)
}

// UsableAddress reports whether a host may have the address: neither the subnet's first nor its last.
func UsableAddress(p netip.Prefix, a netip.Addr) bool {
	return p.Contains(a) && a != p.Masked().Addr() && p.Contains(a.Next())
}

// joined returns both remarks, or the one that there is.
func joined(a, b string) string {
	return strings.Trim(a+"; "+b, "; ")
}

// GroupFor parses a privilege group, ignoring case. USER, which some clients send, means the default one, with a remark.
func GroupFor(field string, g workspace.UserGroup) (group workspace.UserGroup, remark string, err error) {
	switch known := workspace.UserGroup(strings.ToLower(string(g))); known {
	case workspace.GroupSudo, workspace.GroupDefault, workspace.GroupAdministrators, workspace.GroupUsers:
		return known, "", nil
	case "":
		return workspace.GroupDefault, "", nil
	case "user":
		return workspace.GroupDefault, fmt.Sprintf("user_group %q was read as default: the person is an ordinary user", g), nil
	default:
		return "", "", workspace.Invalid(field, "%q is unknown, use sudo or default (Linux), administrators or users (Windows)", g)
	}
}
