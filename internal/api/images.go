package api

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"carrel/internal/api/wire"
	"carrel/internal/catalog"
	"carrel/internal/workspace"
)

// What all images have in the form of IMS.
const (
	imageContainer   = "bare"
	imageDiskFormat  = "qcow2"
	imageEnvironment = "FusionCompute"
	imageBits        = "64"
	imageActive      = "active"
	imageX86         = "x86"
)

func (s *Server) listCloudImages(ctx context.Context, in *wire.ListCloudImagesInput) (wire.ListCloudImagesResponse, error) {
	images, err := s.cloudImages(ctx, in)
	return wire.ListCloudImagesResponse{Images: images}, err
}

func (s *Server) listGlanceImages(ctx context.Context, in *wire.ListGlanceImagesInput) (wire.ListGlanceImagesResponse, error) {
	images, err := s.cloudImages(ctx, &wire.ListCloudImagesInput{
		Imagetype: in.Imagetype, Isregistered: in.Isregistered, OSBit: in.OSBit, OSType: in.OSType, Platform: in.Platform,
		SupportDiskintensive: in.SupportDiskintensive, SupportHighperformance: in.SupportHighperformance, SupportKvm: in.SupportKvm,
		SupportKvmGPUType: in.SupportKvmGPUType, SupportKvmInfiniband: in.SupportKvmInfiniband, SupportLargememory: in.SupportLargememory,
		SupportXen: in.SupportXen, SupportXenGPUType: in.SupportXenGPUType, SupportXenHana: in.SupportXenHana,
		ContainerFormat: in.ContainerFormat, DiskFormat: in.DiskFormat, ID: in.ID, Limit: in.Limit, Marker: in.Marker, MemberStatus: in.MemberStatus,
		MinDisk: in.MinDisk, MinRAM: in.MinRAM, Name: in.Name, Owner: in.Owner, Protected: in.Protected, SortDir: in.SortDir, SortKey: in.SortKey,
		Status: in.Status, Tag: in.Tag, Visibility: in.Visibility, CreatedAt: in.CreatedAt, UpdatedAt: in.UpdatedAt,
	})
	out := wire.ListGlanceImagesResponse{Images: images, Schema: "/v2/schemas/images", First: "/v2/images"}
	if n := len(images); n > 0 && n == in.Limit {
		out.Next = "/v2/images?marker=" + images[n-1].ID
	}
	return out, err
}

// cloudImages lists the images that the project may use and that the parameters select.
func (s *Server) cloudImages(ctx context.Context, in *wire.ListCloudImagesInput) ([]wire.CloudImage, error) {
	c := projectCaller(ctx)
	q := catalog.CloudImageQuery{
		ProjectID: c.ProjectID, Type: catalog.ImageType(in.Imagetype), ID: in.ID, Name: in.Name, Owner: in.Owner, OSType: in.OSType, Platform: in.Platform,
		Product: in.FlavorID, Members: catalog.MemberStatus(in.MemberStatus), SortBy: in.SortKey, Descending: in.SortDir == "desc", Marker: in.Marker, Limit: in.Limit,
	}
	if in.Owner == s.IAM.Region { // gold images have no project
		q.Owner, q.Type = "", cmp.Or(q.Type, catalog.ImageGold)
	}
	if in.Protected.Given {
		q.Protected = &in.Protected.Value
	}
	if in.MinRAM.Given {
		q.MinMemoryMiB = &in.MinRAM.Value
	}
	if in.MinDisk.Given {
		q.MinDiskGB = &in.MinDisk.Value
	}
	var err error
	if q.Created, err = timeBounds("created_at", in.CreatedAt); err != nil {
		return nil, err
	}
	if q.Updated, err = timeBounds("updated_at", in.UpdatedAt); err != nil {
		return nil, err
	}
	if !slices.Contains([]string{"created_at", "updated_at", "name", "min_disk", "min_ram", "size", "id"}, q.SortBy) {
		q.SortBy = "id" // all images have the same container, format and status
	}
	if !describesImages(in) || !visibleAs(&q, in.Visibility) {
		return []wire.CloudImage{}, nil
	}
	images, err := s.Services.Catalog.CloudImages(ctx, q)
	return each(images, func(i catalog.Image) wire.CloudImage { return s.cloudImage(c.ProjectID, i) }), err
}

// describesImages reports whether images have what the parameters want in which they are all the same.
func describesImages(in *wire.ListCloudImagesInput) bool {
	for _, c := range [][2]string{
		{in.Isregistered, "true"}, {in.OSBit, imageBits}, {in.SupportKvm, "true"}, {in.ContainerFormat, imageContainer}, {in.DiskFormat, imageDiskFormat},
		{in.Status, imageActive}, {in.VirtualEnvType, imageEnvironment}, {in.Architecture, imageX86},
	} {
		if c[0] != "" && c[0] != c[1] {
			return false
		}
	}
	if e := in.EnterpriseProjectID; e != "" && e != workspace.DefaultEnterprise {
		return false
	}
	return in.SupportDiskintensive+in.SupportHighperformance+in.SupportKvmGPUType+in.SupportKvmInfiniband+in.SupportLargememory+in.SupportXen+
		in.SupportXenGPUType+in.SupportXenHana+in.Tag == ""
}

// visibleAs adds a visibility to a query, and reports whether images can have it together with the query's type.
func visibleAs(q *catalog.CloudImageQuery, visibility string) bool {
	kind := map[string]catalog.ImageType{"public": catalog.ImageGold, "private": catalog.ImagePrivate, "shared": catalog.ImageShared}[visibility]
	if q.Type == catalog.ImageMarket {
		q.Type = catalog.ImageGold
	}
	if kind == "" || q.Type == kind {
		return true
	}
	was := q.Type
	q.Type = kind
	return was == ""
}

// operators are those of a bound in a list's parameter, by name.
var operators = map[string]string{"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "eq": "=", "neq": "<>"}

// timeBounds parses the bounds of a time: "gte:2026-01-31T12:00:00Z,lt:2026-02-01T00:00:00Z". CodeInvalid.
func timeBounds(field, text string) (bounds []catalog.TimeBound, err error) {
	if text == "" {
		return nil, nil
	}
	parts := strings.Split(text, ",")
	if len(parts) > 4 {
		return nil, workspace.Invalid(field, "%d bounds, at most 4 are allowed", len(parts))
	}
	for _, part := range parts {
		name, moment, found := strings.Cut(part, ":")
		operator, known := operators[name]
		if !found || !known {
			return nil, workspace.Invalid(field, "%q must begin with gt:, gte:, lt:, lte:, eq: or neq:", workspace.Clip(part, maxEchoedCell))
		}
		at, err := momentAsked(field, moment)
		if err != nil {
			return nil, err
		}
		if moment == "" {
			return nil, workspace.Invalid(field, "%q has no time after the colon", part)
		}
		bounds = append(bounds, catalog.TimeBound{Operator: operator, Time: at})
	}
	return bounds, nil
}

// imageSize is the size of an image in bytes.
func imageSize(i catalog.Image) string { return strconv.Itoa(i.SizeMiB << 20) }

// cloudImage returns an image as a project sees it.
func (s *Server) cloudImage(projectID string, i catalog.Image) wire.CloudImage {
	out := wire.CloudImage{
		ID: i.ID, Name: i.Name, Description: i.Description, Imagetype: string(i.TypeFor(projectID)), ImageSourceType: "uds",
		ImageSize: imageSize(i), Isregistered: "true", Originalimagename: i.EngineID, OSBit: imageBits, OSType: i.OSType,
		OSVersion: i.OSVersion, Platform: platformOf(i), SupportKvm: "true", SupportXen: "false", SupportArm: "false", ContainerFormat: imageContainer,
		DiskFormat: imageDiskFormat, CreatedAt: stamp(i.Created), UpdatedAt: stamp(i.Updated), ActiveAt: stamp(i.Created),
		EnterpriseProjectID: workspace.DefaultEnterprise, File: "/v2/images/" + i.ID + "/file", Self: "/v2/images/" + i.ID, Schema: "/v2/schemas/image",
		MinDisk: i.MinDiskGB, MinRAM: i.MinMemoryMiB, Owner: cmp.Or(i.ProjectID, s.IAM.Region), Protected: i.Protected, Status: imageActive,
		Tags: []string{}, VirtualEnvType: imageEnvironment, Visibility: "public", Architecture: i.Architecture,
	}
	if i.ProjectID != "" {
		out.Visibility = out.Imagetype
	}
	return out
}

func (s *Server) showGlanceImage(ctx context.Context, in *wire.ShowGlanceImageInput) (wire.CloudImage, error) {
	c := projectCaller(ctx)
	i, err := s.Services.Catalog.CloudImage(ctx, c.ProjectID, in.ImageID)
	return s.cloudImage(c.ProjectID, i), err
}

func (s *Server) updateCloudImage(ctx context.Context, in *wire.UpdateCloudImageInput) (wire.CloudImage, error) {
	change, err := imageChange(in.Body)
	if err != nil {
		return wire.CloudImage{}, err
	}
	c := projectCaller(ctx)
	i, err := s.Services.Catalog.UpdateImage(ctx, c, in.ImageID, change)
	return s.cloudImage(c.ProjectID, i), err
}

// imageChange reads a JSON patch of an image. CodeInvalid.
func imageChange(patch []wire.CloudImageChange) (c catalog.ImageChange, err error) {
	if len(patch) == 0 || len(patch) > 20 {
		return c, workspace.Invalid("body", "%d changes, give 1 to 20", len(patch))
	}
	for n, p := range patch {
		field := fmt.Sprintf("[%d].value", n)
		text := patchText(value(p.Value))
		if p.Op == "remove" {
			if p.Path != "/__description" {
				return c, workspace.Invalid(fmt.Sprintf("[%d].op", n), "only /__description can be removed")
			}
			text = ""
		}
		switch p.Path {
		case "/name":
			c.Name = &text
		case "/__description":
			c.Description = &text
		case "/min_ram":
			c.MinMemoryMiB, err = patchNumber(field, text)
		case "/min_disk":
			c.MinDiskGB, err = patchNumber(field, text)
		case "/protected":
			protected, parseErr := strconv.ParseBool(text)
			if parseErr != nil {
				err = workspace.Invalid(field, "%q is neither true nor false", workspace.Clip(text, maxEchoedCell))
			}
			c.Protected = &protected
		default:
			return c, workspace.Invalid(fmt.Sprintf("[%d].path", n), "%q cannot be changed; use /name, /__description, /min_ram, /min_disk or /protected",
				workspace.Clip(p.Path, maxEchoedCell))
		}
		if err != nil {
			return c, err
		}
	}
	return c, nil
}

// patchText returns a value as text: clients send numbers and booleans both as such and as text.
func patchText(value any) string {
	if text, is := value.(string); is || value == nil {
		return text
	}
	text, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(text)
}

func patchNumber(field, text string) (*int, error) {
	n, err := strconv.Atoi(text)
	if err != nil {
		return nil, workspace.Invalid(field, "%q is not a whole number", workspace.Clip(text, maxEchoedCell))
	}
	return &n, nil
}

func (s *Server) deleteGlanceImage(ctx context.Context, in *wire.DeleteGlanceImageInput) error {
	return s.Services.Work.DeleteImage(ctx, projectCaller(ctx), in.ImageID)
}

func (s *Server) listImageSystems(ctx context.Context, in *wire.ListImageOsVersionsInput) ([]wire.ImageOsVersions, error) {
	out := []wire.ImageOsVersions{}
	if in.Tag != "" && in.Tag != "bms" && in.Tag != "uefi" {
		return out, nil
	}
	images, err := s.Services.Catalog.CloudImages(ctx, catalog.CloudImageQuery{ProjectID: projectCaller(ctx).ProjectID, SortBy: "name", Limit: 1000})
	for _, i := range images {
		platform := platformOf(i)
		version := wire.ImageOsVersion{Platform: platform, OSVersionKey: i.OSVersion, OSVersion: i.OSVersion, OSBit: 64, OSType: i.OSType}
		at := slices.IndexFunc(out, func(o wire.ImageOsVersions) bool { return o.Platform == platform })
		if at < 0 {
			out = append(out, wire.ImageOsVersions{Platform: platform, VersionList: []wire.ImageOsVersion{version}})
		} else if !slices.Contains(out[at].VersionList, version) {
			out[at].VersionList = append(out[at].VersionList, version)
		}
	}
	return out, err
}

func (s *Server) shareImages(ctx context.Context, in *wire.AddImageMembersInput) (wire.ImageMembersResponse, error) {
	id, err := s.Services.Catalog.ShareImages(ctx, projectCaller(ctx), accountCaller(ctx).ProjectID, in.Body.Images, in.Body.Projects)
	return wire.ImageMembersResponse{JobID: id}, err
}

func (s *Server) answerImages(ctx context.Context, in *wire.UpdateImageMembersInput) (wire.ImageMembersResponse, error) {
	c := projectCaller(ctx)
	if in.Body.ProjectID != c.ProjectID {
		return wire.ImageMembersResponse{}, workspace.Invalid("project_id", "is %q, the caller's project is %q", workspace.Clip(in.Body.ProjectID, maxEchoedCell), c.ProjectID)
	}
	id, err := s.Services.Catalog.AnswerImages(ctx, c, in.Body.Images, catalog.MemberStatus(in.Body.Status))
	return wire.ImageMembersResponse{JobID: id}, err
}

func (s *Server) unshareImages(ctx context.Context, in *wire.DeleteImageMembersInput) (wire.ImageMembersResponse, error) {
	id, err := s.Services.Catalog.UnshareImages(ctx, projectCaller(ctx), in.Body.Images, in.Body.Projects)
	return wire.ImageMembersResponse{JobID: id}, err
}
