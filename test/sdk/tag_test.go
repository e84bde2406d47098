package sdk

import (
	"strings"
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/workspace/v2/model"
)

func formatTags(tags *[]model.Tag) string {
	var all []string
	for _, t := range *tags {
		all = append(all, t.Key+"="+*t.Value)
	}
	return strings.Join(all, " ")
}

func TestTags(t *testing.T) {
	e := newEnv(t)
	e.person("ann")
	o := e.order("ann", "ann")
	o.Tags = &[]model.Tag{{Key: "team", Value: new("sales")}}
	desktops := e.create(o)
	first, second := desktops[0], desktops[1]
	tagsOf := func(id string) string {
		return formatTags(call(e, e.ShowTagByDesktopId, &model.ShowTagByDesktopIdRequest{DesktopId: id}).Tags)
	}
	status := func(what string, got int) {
		t.Helper()
		if got != 204 {
			t.Errorf("%s answers %d", what, got)
		}
	}

	added := call(e, e.CreateTag, &model.CreateTagRequest{DesktopId: first, Body: &model.CreateTagReq{Tag: &model.Tag{Key: "floor", Value: new("1")}}})
	status("adding", added.HttpStatusCode)
	changed := call(e, e.BatchChangeTags, &model.BatchChangeTagsRequest{DesktopId: first, Body: &model.TagsReq{
		Action: new("create"), Tags: &[]model.Tag{{Key: "floor", Value: new("2")}, {Key: "room"}},
	}})
	status("changing", changed.HttpStatusCode)
	if got := tagsOf(first); got != "team=sales floor=2 room=" {
		t.Errorf("tags: %s", got)
	}
	status("deleting", call(e, e.DeleteTag, &model.DeleteTagRequest{DesktopId: first, Key: "room"}).HttpStatusCode)
	each := []model.DesktopTagsInfo{{DesktopId: first, Tags: []model.Tag{{Key: "team", Value: new("press")}}}, {DesktopId: second, Tags: []model.Tag{{Key: "spare"}}}}
	status("adding to several", call(e, e.BatchAddDesktopsTags, &model.BatchAddDesktopsTagsRequest{Body: &model.BatchAddDesktopsTagsReq{Desktops: each}}).HttpStatusCode)
	if got := tagsOf(first) + ", " + tagsOf(second); got != "team=press floor=2, team=sales spare=" {
		t.Errorf("tags: %s", got)
	}

	list := call(e, e.ListProjectTags, &model.ListProjectTagsRequest{})
	if keys := *list.Tags; *list.TotalCount != 3 || *keys[2].Key != "team" || strings.Join(*keys[2].Values, " ") != "press sales" {
		t.Errorf("tags of the project: %v", list)
	}
	query := &model.QueryDesktopByTagReq{Action: "filter", Tags: &[]model.Tags{{Key: new("team"), Values: &[]string{"press", "sales"}}}, NotTags: &[]model.Tags{{Key: new("spare")}}}
	found := call(e, e.ListDesktopsByTags, &model.ListDesktopsByTagsRequest{Body: query})
	if r := *found.Resources; *found.TotalCount != 1 || *r[0].ResourceId != first || formatTags(r[0].Tags) != "team=press floor=2" || *r[0].ResourceName == "" {
		t.Errorf("by tags: %v", found)
	}
	query = &model.QueryDesktopByTagReq{Action: "count", WithoutAnyTag: new(false), TagsAny: query.Tags}
	if counted := call(e, e.ListDesktopByTags, &model.ListDesktopByTagsRequest{Body: query}); *counted.TotalCount != 2 || len(*counted.Resources) != 0 {
		t.Errorf("counted: %v", counted)
	}

	status("deleting of several", call(e, e.BatchDeleteDesktopsTags, &model.BatchDeleteDesktopsTagsRequest{Body: &model.BatchDeleteDesktopsTagsReq{Desktops: each}}).HttpStatusCode)
	if got := tagsOf(first) + ", " + tagsOf(second); got != "floor=2, team=sales" {
		t.Errorf("tags: %s", got)
	}
	refused(e, e.ShowTagByDesktopId, &model.ShowTagByDesktopIdRequest{DesktopId: "x"}, 404, "WKS.00010011")
	refused(e, e.CreateTag, &model.CreateTagRequest{DesktopId: first, Body: &model.CreateTagReq{Tag: &model.Tag{Key: "_sys_x"}}}, 400, "WKS.00010001")
	refused(e, e.BatchChangeTags, &model.BatchChangeTagsRequest{DesktopId: first, Body: &model.TagsReq{
		Action: new("create"), Tags: &[]model.Tag{{Key: "a"}}, SysTags: &[]model.Tag{{Key: "b"}},
	}}, 400, "WKS.00010002")
}
