package api

import (
	"cmp"
	"context"
	"slices"

	"carrel/internal/api/wire"
	"carrel/internal/catalog"
	"carrel/internal/operate"
	"carrel/internal/workspace"
)

func (s *Server) desktopToImage(ctx context.Context, in *wire.ChangeDesktopToImageInput) (wire.ChangeDesktopToImageResponse, error) {
	b := in.Body
	for field, asked := range map[string]*bool{"execute_sysprep": b.ExecuteSysprep, "is_clear_data": b.IsClearData} {
		if asked != nil && !*asked {
			return wire.ChangeDesktopToImageResponse{}, workspace.Invalid(field, "false is not possible: an image never has what is personal, leave it out")
		}
	}
	memory, err := patchNumber("min_ram", cmp.Or(b.MinRAM, "0"))
	if err != nil {
		return wire.ChangeDesktopToImageResponse{}, err
	}
	id, err := s.Services.Operate.MakeImage(ctx, operate.MakeImage{
		Caller: caller(ctx, in.Project), DesktopID: b.DesktopID, Name: b.ImageName, Description: b.ImageDescription, MinMemoryMiB: *memory,
	})
	return wire.ChangeDesktopToImageResponse{JobID: id}, err
}

func (s *Server) createCloudImage(ctx context.Context, in *wire.CreateCloudImageInput) (wire.ImageMembersResponse, error) {
	b := in.Body
	if b.InstanceID == "" {
		return wire.ImageMembersResponse{}, workspace.Invalid("instance_id", "must be given: the desktop that the image is made of")
	}
	id, err := s.Services.Operate.MakeImage(ctx, operate.MakeImage{
		Caller: projectCaller(ctx), DesktopID: b.InstanceID, Name: b.Name, Description: b.Description, MinMemoryMiB: b.MinRAM,
	})
	return wire.ImageMembersResponse{JobID: id}, err
}

// imageJobs are the types of jobs that are of images.
var imageJobs = []workspace.JobType{workspace.JobDesktopToImage, workspace.JobShareImages}

// imageJobStatus has the words of IMS.
var imageJobStatus = map[workspace.JobStatus]string{
	workspace.JobWaiting: "INIT", workspace.JobRunning: "RUNNING", workspace.JobSuccess: "SUCCESS", workspace.JobFail: "FAIL",
}

func (s *Server) showImageJob(ctx context.Context, in *wire.ShowImageJobInput) (wire.ImageJob, error) {
	j, err := s.Services.Work.Job(ctx, in.ProjectID, in.JobID)
	if err == nil && !slices.Contains(imageJobs, j.Type) {
		err = workspace.Errorf(workspace.CodeJobNotFound, "job %q is not of images: show it with GET /v2/%s/workspace-jobs/%s", j.ID, in.ProjectID, j.ID)
	}
	if err != nil {
		return wire.ImageJob{}, err
	}
	out := wire.ImageJob{
		Status: imageJobStatus[j.Counts.Status()], JobID: j.ID, JobType: string(j.Type), BeginTime: stamp(j.Created), EndTime: stamp(j.Ended()),
		Entities: wire.ImageJobEntities{ProcessPercent: 100},
	}
	for _, sub := range j.SubJobs { // there is at most one
		params, err := workspace.ReadParams[operate.ImageParams](sub)
		if err != nil {
			return wire.ImageJob{}, err
		}
		out.Entities = wire.ImageJobEntities{ImageName: params.Name, CurrentTask: sub.Step, ProcessPercent: float64(sub.Progress)}
		switch sub.State {
		case workspace.SubJobSuccess:
			out.Entities.ImageID = params.ImageID
		case workspace.SubJobFailed:
			out.ErrorCode, out.FailReason = string(sub.Code), sub.Reason
		case workspace.SubJobWaiting, workspace.SubJobRunning:
		}
	}
	return out, nil
}

func (s *Server) showSysprep(ctx context.Context, in *wire.ShowSysprepInfoInput) (wire.ShowSysprepInfoResponse, error) {
	one, err := s.Services.Operate.Readiness(ctx, in.ProjectID, in.DesktopID)
	if err != nil {
		return wire.ShowSysprepInfoResponse{}, err
	}
	return wire.ShowSysprepInfoResponse{SysprepVersion: operate.ImagePreparation, SupportCreateImage: one[0].Refusal == nil}, nil
}

func (s *Server) checkSysprep(ctx context.Context, in *wire.CheckSysprepInfoInput) (wire.CheckSysprepInfoResponse, error) {
	if err := workspace.CheckIDs("desktop_ids", in.Body.DesktopIDs); err != nil {
		return wire.CheckSysprepInfoResponse{}, err
	}
	all, err := s.Services.Operate.Readiness(ctx, in.ProjectID, in.Body.DesktopIDs...)
	return wire.CheckSysprepInfoResponse{SysprepInfos: each(all, func(r operate.Readiness) wire.DesktopSysprepInfo {
		info := wire.DesktopSysprepInfo{DesktopID: r.ID, SupportHibernate: true}
		if r.Refusal == nil {
			info.SysprepVersion = operate.ImagePreparation
		}
		return info
	})}, err
}

func (s *Server) listMarketImages(ctx context.Context, in *wire.ListMarketImagesInput) (wire.ListMarketImagesResponse, error) {
	ids := split[string](in.ImageIDs...)
	if err := workspace.CheckIDs("image_ids", ids); err != nil {
		return wire.ListMarketImagesResponse{}, err
	}
	images, err := s.Services.Catalog.CloudImages(ctx, catalog.CloudImageQuery{ProjectID: in.ProjectID, Type: catalog.ImageMarket, SortBy: "name", Limit: maxMarketImages})
	images = slices.DeleteFunc(images, func(i catalog.Image) bool { return !slices.Contains(ids, i.ID) })
	return wire.ListMarketImagesResponse{Images: each(images, marketImage)}, err
}

// maxMarketImages is how many images are looked through.
const maxMarketImages = 10000

func marketImage(i catalog.Image) wire.Image {
	return wire.Image{
		ImageID: i.ID, Name: i.Name, ImageType: string(i.Type), OSType: i.OSType, OSVersion: i.OSVersion, Platform: platformOf(i), OSBit: imageBits,
		MinDisk: i.MinDiskGB, MinRAM: i.MinMemoryMiB, ImageSize: imageSize(i), CreatedAt: stamp(i.Created), UpdatedAt: stamp(i.Updated), Status: imageActive,
		Tags: []string{},
	}
}
