package sdk

import (
	"net/http"
	"testing"

	imsmodel "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/ims/v2/model"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/workspace/v2/model"
)

func (e *env) stop(id string) {
	e.Helper()
	e.finish(*call(e, e.BatchRunDesktops, &model.BatchRunDesktopsRequest{Body: &model.BatchActionDesktopsReq{DesktopIds: []string{id}, OpType: "os-stop"}}).JobId)
}

func (e *env) privateImages() []imsmodel.ImageInfo {
	e.Helper()
	kind := imsmodel.GetListImagesRequestImagetypeEnum().PRIVATE
	return *call(e, e.images().ListImages, &imsmodel.ListImagesRequest{Imagetype: &kind}).Images
}

func TestAnImageIsMadeOfADesktop(t *testing.T) {
	e := newEnv(t)
	ids := e.create(e.order("ann"))
	toImage := &model.ChangeDesktopToImageRequest{Body: &model.DesktopToImageReq{
		DesktopId: ids[0], ImageName: "Lab", ImageDescription: new("With the tool"), MinRam: new("2048"), IsClearData: new(true), ExecuteSysprep: new(true),
	}}
	if s := call(e, e.ShowSysprepInfo, &model.ShowSysprepInfoRequest{DesktopId: ids[0]}); *s.SupportCreateImage || *s.SysprepVersion == "" {
		t.Errorf("a desktop that runs: %v", s)
	}
	refused(e, e.ChangeDesktopToImage, toImage, http.StatusConflict, "WKS.00010032")
	e.stop(ids[0])
	if s := call(e, e.ShowSysprepInfo, &model.ShowSysprepInfoRequest{DesktopId: ids[0]}); !*s.SupportCreateImage {
		t.Errorf("a desktop that is off: %v", s)
	}
	checked := call(e, e.CheckSysprepInfo, &model.CheckSysprepInfoRequest{Body: &model.CheckSysprepInfoRequestBody{DesktopIds: &ids}})
	if all := *checked.SysprepInfos; len(all) != 1 || *all[0].DesktopId != ids[0] || *all[0].SysprepVersion == "" || !*all[0].SupportHibernate || *all[0].SupportUpdateRoute {
		t.Errorf("checked: %v", checked)
	}
	keep := *toImage.Body
	keep.IsClearData = new(false)
	refused(e, e.ChangeDesktopToImage, &model.ChangeDesktopToImageRequest{Body: &keep}, http.StatusBadRequest, "WKS.00010001")

	for _, sub := range e.finish(*call(e, e.ChangeDesktopToImage, toImage).JobId) {
		if *sub.JobType != "desktopToImage" {
			t.Errorf("sub-job: %v", sub)
		}
	}
	if d := e.show(ids[0]); *d.Status != "SHUTOFF" || *d.TaskStatus != "" {
		t.Errorf("afterwards the desktop is %v", d)
	}
	private := e.privateImages()
	if len(private) != 1 || private[0].Name != "Lab" || private[0].MinRam != 2048 || private[0].MinDisk != 80 || *private[0].Description != "With the tool" {
		t.Fatalf("the images are %+v", private)
	}

	order := e.order("bob")
	order.ImageType, order.ImageId = "private", private[0].Id
	made := e.create(order)
	if d := e.show(made[0]); *d.Status != "ACTIVE" || d.Metadata["metering.image_id"] != private[0].Id {
		t.Errorf("the desktop of the image is %v", d)
	}
	refused(e, e.images().GlanceDeleteImage, &imsmodel.GlanceDeleteImageRequest{ImageId: private[0].Id, Body: &imsmodel.GlanceDeleteImageRequestBody{}}, 409, "WKS.00010032")
}

func TestAnImageIsMadeAsIMSMakesOne(t *testing.T) {
	e := newEnv(t)
	ids := e.create(e.order("ann"))
	e.stop(ids[0])
	c := e.images()
	id := *call(e, c.CreateImage, &imsmodel.CreateImageRequest{Body: &imsmodel.CreateImageRequestBody{Name: new("Lab"), InstanceId: &ids[0], Description: new("two")}}).JobId
	var done *imsmodel.ShowJobResponse
	e.eventually("the end of the job", func() bool {
		done = call(e, c.ShowJob, &imsmodel.ShowJobRequest{JobId: id})
		return done.Status.Value() == "SUCCESS"
	})
	image := *done.Entities.ImageId
	if shown := call(e, c.GlanceShowImage, &imsmodel.GlanceShowImageRequest{ImageId: image}); *shown.Name != "Lab" || *done.Entities.ImageName != "Lab" {
		t.Errorf("the image is %v of %v", shown, done)
	}
	file := &imsmodel.CreateImageRequestBody{Name: new("Lab"), ImageUrl: new("bucket:image.qcow2"), MinDisk: new(int32(40))}
	refused(e, c.CreateImage, &imsmodel.CreateImageRequest{Body: file}, 400, "WKS.00010002")
	refused(e, c.ShowJob, &imsmodel.ShowJobRequest{JobId: "none"}, 404, "WKS.00010012")
	call(e, c.GlanceDeleteImage, &imsmodel.GlanceDeleteImageRequest{ImageId: image, Body: &imsmodel.GlanceDeleteImageRequestBody{}})
	if left := e.privateImages(); len(left) != 0 {
		t.Errorf("left are %+v", left)
	}
}

func TestMarketImages(t *testing.T) {
	e := newEnv(t)
	found := call(e, e.ListMarketImages, &model.ListMarketImagesRequest{ImageIds: []string{e.ImageID, "none"}})
	if all := *found.Images; len(all) != 1 || *all[0].ImageId != e.ImageID || *all[0].Status != "active" || *all[0].MinDisk == 0 {
		t.Errorf("found %v", found)
	}
	if none := call(e, e.ListMarketImages, &model.ListMarketImagesRequest{ImageIds: []string{"none"}}); len(*none.Images) != 0 {
		t.Errorf("found %v", none)
	}
}
