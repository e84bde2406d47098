package sdk

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/def"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/sdkerr"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/workspace/v2/model"
)

// filed makes a call that must be answered with a file. The SDK has no place for one and says so after a status of 200.
func filed[I, O any](e *env, f func(*I) (*O, error), in *I) {
	e.Helper()
	_, err := f(in)
	if answer, ok := errors.AsType[*sdkerr.ServiceResponseError](err); !ok || answer.StatusCode != 200 || answer.RequestId == "" {
		e.Errorf("%T: %v", in, err)
	}
}

func TestFilesOfPeople(t *testing.T) {
	e := newEnv(t)
	path := filepath.Join(t.TempDir(), "people.csv")
	if err := os.WriteFile(path, []byte("User name,Email\nann,ann@example.org\n-9,nine@example.org\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := call(e, e.ImportUserList, &model.ImportUserListRequest{SubnetId: &e.SubnetID, Body: &model.ImportUserListRequestBody{File: def.NewFilePart(f)}})
	if *out.TotalCount != 2 || len(*out.UserDetailList) != 1 || *(*out.UserDetailList)[0].UserName != "ann" || len(*out.FailedDetailList) != 1 {
		t.Errorf("imported: %v", out)
	}
	filed(e, e.ExportUserListTemplate, &model.ExportUserListTemplateRequest{Language: new("zh_CN"), OsType: new("Linux")})
	filed(e, e.ExportUsersTemplate, &model.ExportUsersTemplateRequest{Language: new("en_US"), ActiveType: new("ADMIN_ACTIVATE")})
	local := model.GetCreateUserGroupReqPlatformTypeEnum().LOCAL
	call(e, e.CreateUserGroup, &model.CreateUserGroupRequest{Body: &model.CreateUserGroupReq{GroupName: "Sales", PlatformType: local}})
	filed(e, e.ExportUserGroups, &model.ExportUserGroupsRequest{Keyword: new("sales")})
	sales := *(*call(e, e.ListUserGroups, &model.ListUserGroupsRequest{}).UserGroups)[0].Id

	all := *call(e, e.ExportUsersNew, &model.ExportUsersNewRequest{Body: &model.ExportUsersNewReq{Language: new("en_US")}}).TaskId
	members := *call(e, e.ExportUserGroupUsersNew, &model.ExportUserGroupUsersNewRequest{GroupId: sales}).TaskId
	filed(e, e.DownloadExportFile, &model.DownloadExportFileRequest{TaskId: all})
	list := call(e, e.ListExportTasks, &model.ListExportTasksRequest{TaskId: &all})
	if *list.Count != 1 || !*(*list.ExportTasks)[0].IsDownload {
		t.Errorf("tasks: %v", list)
	}
	call(e, e.DeleteExportTasks, &model.DeleteExportTasksRequest{Body: &model.DeleteExportTaskRequestBody{TaskIds: &[]string{all, members}}})
	refused(e, e.DownloadExportFile, &model.DownloadExportFileRequest{TaskId: all}, 404, "WKS.00010024")
}
