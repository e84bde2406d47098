package sdk

import (
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/basic"
	ims "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/ims/v2"
	imsmodel "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/ims/v2/model"
)

// images is a client of IMS.
func (e *env) images() *ims.ImsClient {
	e.Helper()
	c, err := basic.NewCredentialsBuilder().WithAk(e.AccessKey).WithSk(e.SecretKey).WithProjectId(e.ProjectID).SafeBuild()
	if err != nil {
		e.Fatal(err)
	}
	h, err := ims.ImsClientBuilder().WithEndpoint(e.Endpoint).WithCredential(c).WithHttpConfig(httpConfig()).SafeBuild()
	if err != nil {
		e.Fatal(err)
	}
	return ims.NewImsClient(h)
}

func TestImagesOfIMS(t *testing.T) {
	e := newEnv(t)
	c := e.images()
	found := call(e, c.ListImages, &imsmodel.ListImagesRequest{Limit: new(int32(1)), SortKey: new(imsmodel.GetListImagesRequestSortKeyEnum().NAME)})
	if len(*found.Images) != 1 {
		t.Fatalf("%+v", found)
	}
	first := (*found.Images)[0]
	if first.Imagetype.Value() != "gold" || first.Status.Value() != "active" || first.MinDisk == 0 {
		t.Errorf("the image is %+v", first)
	}
	for pages := 0; len(*found.Images) > 0; pages++ { // as clients read all pages
		if pages > 20 {
			t.Fatal("the pages do not end")
		}
		marker := (*found.Images)[len(*found.Images)-1].Id
		found = call(e, c.ListImages, &imsmodel.ListImagesRequest{Limit: new(int32(1)), SortKey: new(imsmodel.GetListImagesRequestSortKeyEnum().NAME), Marker: &marker})
	}
	if shown := call(e, c.GlanceShowImage, &imsmodel.GlanceShowImageRequest{ImageId: first.Id}); *shown.Name != first.Name {
		t.Errorf("shows %+v of %+v", shown, first)
	}
	if listed := call(e, c.GlanceListImages, &imsmodel.GlanceListImagesRequest{}); len(*listed.Images) == 0 {
		t.Errorf("Glance lists %+v", listed)
	}
	if systems := call(e, c.ListOsVersions, &imsmodel.ListOsVersionsRequest{}); len(*systems.Body) == 0 {
		t.Errorf("systems: %+v", systems)
	}
	refused(e, c.GlanceShowImage, &imsmodel.GlanceShowImageRequest{ImageId: "none"}, 404, "IMG.0027")
	rename := []imsmodel.UpdateImageRequestBody{{Op: imsmodel.GetUpdateImageRequestBodyOpEnum().REPLACE, Path: "/name", Value: "mine"}}
	refused(e, c.UpdateImage, &imsmodel.UpdateImageRequest{ImageId: first.Id, Body: &rename}, 403, "WKS.00010045")
	refused(e, c.GlanceDeleteImage, &imsmodel.GlanceDeleteImageRequest{ImageId: first.Id, Body: &imsmodel.GlanceDeleteImageRequestBody{}}, 403, "WKS.00010045")
	members := &imsmodel.BatchAddMembersRequestBody{Images: []string{first.Id}, Projects: []string{e.ProjectID}}
	refused(e, c.BatchAddMembers, &imsmodel.BatchAddMembersRequest{Body: members}, 400, "WKS.00010001")
	refused(e, c.BatchDeleteMembers, &imsmodel.BatchDeleteMembersRequest{Body: members}, 403, "WKS.00010045")
	answer := &imsmodel.BatchUpdateMembersRequestBody{Images: []string{first.Id}, ProjectId: e.ProjectID, Status: imsmodel.GetBatchUpdateMembersRequestBodyStatusEnum().ACCEPTED}
	refused(e, c.BatchUpdateMembers, &imsmodel.BatchUpdateMembersRequest{Body: answer}, 404, "IMG.0027")
}
