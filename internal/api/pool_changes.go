package api

import (
	"context"

	"carrel/internal/catalog"
	"carrel/internal/desktop"
	"carrel/internal/iam"
	"carrel/internal/pool"
	"carrel/internal/pool/reshape"
	"carrel/internal/rollout"
	"carrel/internal/workspace"
)

func (s *Server) poolChangeOperations() []operation {
	const pool = "/v2/{project_id}/desktop-pools/{pool_id}"
	return []operation{
		{"POST", pool + "/rebuild", "RebuildDesktopPool", iam.Write, answering(s.rebuildPool), "Rebuild a pool's desktops with a new image"},
		{"POST", pool + "/rebuild/revert", "RevertDesktopPool", iam.Write, answering(s.revertPool), "Cancel a pool's rebuild, or roll back to the previous image"},
		{"POST", pool + "/resize", "ResizeDesktopPool", iam.Write, answering(s.resizePool), "Change the product of a pool's desktops"},
		{"POST", pool + "/volumes/batch-add", "AddDesktopPoolVolumes", iam.Write, answering(s.addPoolVolumes), "Add data disks to a pool's desktops"},
		{"POST", pool + "/volumes/batch-delete", "DeleteDesktopPoolVolumes", iam.Write, answering(s.deletePoolVolumes), "Delete data disks of a pool's desktops"},
		{"POST", pool + "/volumes/batch-expand", "ExpandDesktopPoolVolumes", iam.Write, answering(s.expandPoolVolumes), "Enlarge disks of a pool's desktops"},
	}
}

// ReachBody says which desktops a change of a pool applies to. It is exported, as all embedded structs are: otherwise its fields
// would be missing in the API's description.
type ReachBody struct {
	Handle     pool.HandleType `json:"handle_type,omitempty" enum:"ONLY_FOR_EXPAND,FOR_EXPAND_AND_IDLE,FOR_EXPAND_AND_ALL" doc:"ONLY_FOR_EXPAND: desktops created later; FOR_EXPAND_AND_IDLE: also idle ones; FOR_EXPAND_AND_ALL (default): all"`
	DesktopIDs []string        `json:"desktop_ids,omitempty" doc:"At most 1000 desktops of the pool; all if absent"`
}

func (b ReachBody) change(c workspace.Caller, poolID string) pool.ChangePoolDesktops {
	return pool.ChangePoolDesktops{Caller: c, PoolID: poolID, Handle: b.Handle, DesktopIDs: b.DesktopIDs}
}

type rebuildPoolInput struct {
	PoolPath
	Body rebuildPoolBody
}

type rebuildPoolBody struct {
	ReachBody
	ImageType   catalog.ImageType `json:"image_type,omitempty" doc:"gold, private or market; the image's own"`
	ImageID     string            `json:"image_id" required:"true"`
	OSType      string            `json:"os_type,omitempty" doc:"Linux or Windows; the image's own"`
	Delay       int               `json:"delay_time,omitempty" doc:"0 to 1440 minutes for connected users to save their work"`
	Message     string            `json:"message,omitempty" doc:"Shown to connected users, with a countdown; at most 1024 characters"`
	OrderID     string            `json:"order_id,omitempty" doc:"Stored; at most 64 characters"`
	Fix         bool              `json:"is_fix,omitempty" doc:"Only desktops with another image"`
	EncryptType string            `json:"encrypt_type,omitempty" enum:"KEEP,UNENCRYPTED,ENCRYPTED" doc:"ENCRYPTED is refused"`
	KeyID       string            `json:"kms_id,omitempty" doc:"Refused"`
}

func (s *Server) rebuildPool(ctx context.Context, in *rebuildPoolInput) (jobReply, error) {
	b := in.Body
	var names given
	names.add("encrypt_type", b.EncryptType == "ENCRYPTED")
	names.add("kms_id", b.KeyID != "")
	id, err := s.Services.Rollouts.RebuildPool(ctx, rollout.RebuildPool{
		Caller: in.caller(ctx), PoolID: in.PoolID, ImageType: b.ImageType, ImageID: b.ImageID, OSType: b.OSType, DelayMinutes: b.Delay,
		Message: b.Message, OrderID: b.OrderID, Fix: b.Fix, Handle: b.Handle, DesktopIDs: b.DesktopIDs, Unsupported: names,
	})
	return jobReply{id}, err
}

func (s *Server) revertPool(ctx context.Context, in *PoolPath) (jobReply, error) {
	id, err := s.Services.Rollouts.RevertPool(ctx, in.caller(ctx), in.PoolID)
	return jobReply{id}, err
}

type resizePoolInput struct {
	PoolPath
	Body struct {
		ReachBody
		ProductID string `json:"product_id" required:"true"`
		FlavorID  string `json:"flavor_id,omitempty" doc:"The product, if given"`
		Mode      string `json:"mode,omitempty" enum:"STOP_DESKTOP" doc:"Stop running desktops and start them again; without it they are refused"`
	}
}

type resizePoolReply struct {
	JobID string      `json:"job_id"`
	Jobs  []resizeJob `json:"jobs" doc:"The desktops concerned"`
}

type resizeJob struct {
	DesktopID string `json:"desktop_id"`
	JobID     string `json:"job_id"`
}

func (s *Server) resizePool(ctx context.Context, in *resizePoolInput) (resizePoolReply, error) {
	var names given
	names.add("flavor_id", in.Body.FlavorID != "" && in.Body.FlavorID != in.Body.ProductID)
	if err := desktop.CheckSupported(names); err != nil {
		return resizePoolReply{}, err
	}
	r, err := s.Services.Reshaper.ResizePool(ctx, reshape.ResizePool{
		ChangePoolDesktops: in.Body.change(in.caller(ctx), in.PoolID), ProductID: in.Body.ProductID, Mode: in.Body.Mode,
	})
	return resizePoolReply{r.JobID, each(r.DesktopIDs, func(id string) resizeJob { return resizeJob{id, r.JobID} })}, err
}

type addPoolVolumesInput struct {
	PoolPath
	Body struct {
		ReachBody
		Volumes []poolVolumeBody `json:"volumes,omitempty" doc:"A pool has 10 at most"`
	}
}

func (s *Server) addPoolVolumes(ctx context.Context, in *addPoolVolumesInput) (jobReply, error) {
	var names given
	for i, v := range in.Body.Volumes {
		names.addPoolVolume(at("volumes", i, ""), v)
	}
	id, err := s.Services.Reshaper.AddPoolVolumes(ctx, reshape.AddPoolVolumes{
		ChangePoolDesktops: in.Body.change(in.caller(ctx), in.PoolID), Volumes: each(in.Body.Volumes, poolVolumeBody.spec), Unsupported: names,
	})
	return jobReply{id}, err
}

type deletePoolVolumesInput struct {
	PoolPath
	Body struct {
		ReachBody
		Volumes []idBody `json:"volumes,omitempty" doc:"Ids of data disks in the pool; their content is lost"`
	}
}

func (s *Server) deletePoolVolumes(ctx context.Context, in *deletePoolVolumesInput) (jobReply, error) {
	id, err := s.Services.Reshaper.DeletePoolVolumes(ctx, reshape.DeletePoolVolumes{
		ChangePoolDesktops: in.Body.change(in.caller(ctx), in.PoolID), IDs: each(in.Body.Volumes, func(v idBody) string { return v.ID }),
	})
	return jobReply{id}, err
}

type expandPoolVolumesInput struct {
	PoolPath
	Body struct {
		ReachBody
		Volumes []volumeGrowthBody `json:"volumes,omitempty" doc:"Ids of disks in the pool, which may include the system disk"`
	}
}

type volumeGrowthBody struct {
	ID   string `json:"id" required:"true"`
	Size int    `json:"size" required:"true" doc:"GB, more than now"`
}

func (s *Server) expandPoolVolumes(ctx context.Context, in *expandPoolVolumesInput) (jobReply, error) {
	id, err := s.Services.Reshaper.ExpandPoolVolumes(ctx, reshape.ExpandPoolVolumes{
		ChangePoolDesktops: in.Body.change(in.caller(ctx), in.PoolID),
		Growths:            each(in.Body.Volumes, func(v volumeGrowthBody) pool.VolumeGrowth { return pool.VolumeGrowth{ID: v.ID, GB: v.Size} }),
	})
	return jobReply{id}, err
}
