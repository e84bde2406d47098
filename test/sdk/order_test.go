package sdk

import (
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/workspace/v2/model"
)

func TestOrdersAndPrices(t *testing.T) {
	e := newEnv(t)
	desktops := e.order("ann")
	bought := call(e, e.CreateOrder, &model.CreateOrderRequest{Body: &model.CreateOrderReq{
		Type: "createDesktops", Resources: []model.Resource{{PeriodType: new(int32(2)), PeriodNum: new(int32(1)), CreateDesktops: desktops}},
	}})
	subs := e.done(*bought.JobId)
	id := *subs[0].Entities.DesktopId
	shown := e.show(id)
	if *shown.OrderId != *bought.OrderId || *shown.Status != "ACTIVE" {
		t.Errorf("the desktop: %v", shown)
	}
	changed := call(e, e.CreateChangeOrder, &model.CreateChangeOrderRequest{DesktopId: id, Body: &model.CreateChangeOrderReq{
		Type: "expandVolumes", ExpandVolumeId: shown.RootVolume.VolumeId, ExpandNewSize: new(int32(100)),
	}})
	e.done(*changed.JobId)
	if size := e.show(id).RootVolume.Size; size != 100 {
		t.Errorf("the disk has %d GB", size)
	}
	image := model.GetCreateBatchChangeOrderRequestBodyTypeEnum().CHANGE_IMAGE
	orders := *call(e, e.CreateDesktopBatchOrder, &model.CreateDesktopBatchOrderRequest{Body: &model.CreateBatchChangeOrderRequestBody{
		Type: &image, ChangeImageParam: &model.CreateChangeImageOrderRequestBody{DesktopIds: &[]string{id}, ImageType: new("gold"), ImageId: &desktops.ImageId},
	}}).Orders
	e.done(*orders[0].JobId)

	price := *call(e, e.EstimateAddResources, &model.EstimateAddResourcesRequest{Body: &model.EstimateAddSubResourcesRequestBody{DesktopIds: &[]string{id}}}).CloudServiceRatingResults
	if price[0].OfficialWebsiteRatingResult.Amount != 0 {
		t.Errorf("the price is %v", price)
	}
	other := *call(e, e.EstimateChangeImages, &model.EstimateChangeImagesRequest{Body: &model.EstimateChangeImageRequestBody{DesktopIds: &[]string{id}}}).CloudServiceRatingResults
	if other[0].OfficialWebsiteRatingResult.Amount != 0 {
		t.Errorf("the price is %v", other)
	}
	if n := len(*call(e, e.ListHourPackagesType, &model.ListHourPackagesTypeRequest{}).HourPackages); n != 0 {
		t.Errorf("%d packages are sold", n)
	}
	if n := len(*call(e, e.ListResourcePackages, &model.ListResourcePackagesRequest{}).DesktopResourcePackages); n != 0 {
		t.Errorf("%d packages are sold", n)
	}
}
