package api

import (
	"cmp"
	"context"

	"carrel/internal/api/wire"
	"carrel/internal/desktop"
	"carrel/internal/tag"
	"carrel/internal/workspace"
)

func (s *Server) listDesktopsByTags(ctx context.Context, in *wire.ListDesktopsByTagsInput) (wire.ListDesktopsByTagsResponse, error) {
	b := in.Body
	page, err := pageUpTo(maxTagged, cmp.Or(b.Offset, "0"), cmp.Or(b.Limit, "1000"))
	if err != nil {
		return wire.ListDesktopsByTagsResponse{}, err
	}
	if b.Action == "count" {
		page.Limit = 0
	}
	q := tag.Query{
		ProjectID: in.ProjectID, Page: page, Visible: visibleTo(ctx),
		TagQuery: desktop.TagQuery{
			All: each(b.Tags, condition), Any: each(b.TagsAny, condition), NotAll: each(b.NotTags, condition), NotAny: each(b.NotTagsAny, condition),
			Untagged: b.WithoutAnyTag,
		},
	}
	for _, m := range b.Matches {
		q.Name = m.Value
	}
	desktops, total, err := s.Services.Tags.Desktops(ctx, q)
	return wire.ListDesktopsByTagsResponse{Offset: page.Offset, TotalCount: total, Resources: each(desktops, func(d desktop.Desktop) wire.TagResource {
		return wire.TagResource{ResourceID: d.ID, ResourceName: d.Name, Tags: each(d.Tags, tagOf)}
	})}, err
}

// maxTagged is the maximum limit of lists of desktops by tags.
const maxTagged = 1000

func condition(t wire.Tags) desktop.TagCondition { return desktop.TagCondition(t) }

// listDesktopsByTagsFormerly is listDesktopsByTags under its former path.
func (s *Server) listDesktopsByTagsFormerly(ctx context.Context, in *wire.ListDesktopByTagsInput) (wire.ListDesktopByTagsResponse, error) {
	out, err := s.listDesktopsByTags(ctx, (*wire.ListDesktopsByTagsInput)(in))
	return wire.ListDesktopByTagsResponse(out), err
}

func (s *Server) listProjectTags(ctx context.Context, in *wire.ListProjectTagsInput) (wire.ListProjectTagsResponse, error) {
	keys, total, err := s.Services.Tags.Keys(ctx, tag.KeyQuery{
		ProjectID: in.ProjectID, Key: in.Key, Value: in.Value, Page: workspace.Page{Offset: in.Offset, Limit: in.Limit},
	})
	return wire.ListProjectTagsResponse{TotalCount: total, Tags: each(keys, func(k tag.Key) wire.Tags { return wire.Tags(k) })}, err
}

func (s *Server) showTags(ctx context.Context, in *wire.ShowTagByDesktopIdInput) (wire.ShowTagByDesktopIdResponse, error) {
	tags, err := s.Services.Tags.Of(ctx, in.ProjectID, in.DesktopID)
	return wire.ShowTagByDesktopIdResponse{Tags: each(tags, tagOf)}, err
}

func (s *Server) addTag(ctx context.Context, in *wire.CreateTagInput) error {
	return s.Services.Tags.AddOne(ctx, caller(ctx, in.Project), in.DesktopID, workspace.Tag(in.Body.Tag))
}

func (s *Server) deleteTag(ctx context.Context, in *wire.DeleteTagInput) error {
	return s.Services.Tags.DeleteOne(ctx, caller(ctx, in.Project), in.DesktopID, in.Key)
}

func (s *Server) changeTags(ctx context.Context, in *wire.BatchChangeTagsInput) error {
	change := tag.Change{DesktopID: in.DesktopID, Tags: each(in.Body.Tags, askedTag)}
	return s.Services.Tags.Change(ctx, caller(ctx, in.Project), tag.Action(in.Body.Action), change)
}

func (s *Server) addTagsToDesktops(ctx context.Context, in *wire.BatchAddDesktopsTagsInput) error {
	return s.Services.Tags.ChangeEach(ctx, caller(ctx, in.Project), tag.Add, each(in.Body.Desktops, tagChange))
}

func (s *Server) deleteTagsOfDesktops(ctx context.Context, in *wire.BatchDeleteDesktopsTagsInput) error {
	return s.Services.Tags.ChangeEach(ctx, caller(ctx, in.Project), tag.Delete, each(in.Body.Desktops, tagChange))
}

func tagChange(d wire.DesktopTagsInfo) tag.Change {
	return tag.Change{DesktopID: d.DesktopID, Tags: each(d.Tags, askedTag)}
}
