package sdk

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/basic"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/config"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/sdkerr"
	iam "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/iam/v3"
	workspace "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/workspace/v2"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/workspace/v2/model"

	"carrel/internal/app"
)

// world is a running Carrel over simulated desktops, with a client of its administrator's.
type world struct {
	*testing.T
	app.Bootstrap
	*workspace.WorkspaceClient
}

func newWorld(t *testing.T) *world {
	t.Helper()
	c := app.Defaults()
	c.Data, c.Listen, c.Engine, c.Version = t.TempDir(), "127.0.0.1:0", "sim", "test"
	a, err := app.Start(t.Context(), c, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Stop(t.Context()) })
	w := &world{T: t, Bootstrap: a.Bootstrap}
	w.WorkspaceClient = w.client(w.credentials(w.SecretKey))
	return w
}

// httpConfig names the client, without which the SDK would write to the home directory.
func httpConfig() *config.HttpConfig {
	return config.DefaultHttpConfig().WithUserAgent("carrel-test")
}

func (w *world) credentials(secretKey string) auth.ICredential {
	w.Helper()
	c, err := basic.NewCredentialsBuilder().WithAk(w.AccessKey).WithSk(secretKey).WithProjectId(w.ProjectID).SafeBuild()
	if err != nil {
		w.Fatal(err)
	}
	return c
}

func (w *world) client(c auth.ICredential) *workspace.WorkspaceClient {
	w.Helper()
	h, err := workspace.WorkspaceClientBuilder().WithEndpoint(w.Endpoint).WithCredential(c).WithHttpConfig(httpConfig()).SafeBuild()
	if err != nil {
		w.Fatal(err)
	}
	return workspace.NewWorkspaceClient(h)
}

func (w *world) identity(c auth.ICredential) *iam.IamClient {
	w.Helper()
	h, err := iam.IamClientBuilder().WithEndpoint(w.Endpoint).WithCredential(c).WithHttpConfig(httpConfig()).SafeBuild()
	if err != nil {
		w.Fatal(err)
	}
	return iam.NewIamClient(h)
}

// call makes a call that must succeed and returns the answer.
func call[I, O any](w *world, f func(*I) (*O, error), in *I) *O {
	w.Helper()
	out, err := f(in)
	if err != nil {
		w.Fatalf("%T: %v", in, err)
	}
	return out
}

// refused makes a call that must be refused, and checks what the SDK makes of the refusal.
func refused[I, O any](w *world, f func(*I) (*O, error), in *I, status int, code string) {
	w.Helper()
	_, err := f(in)
	refusal, ok := errors.AsType[*sdkerr.ServiceResponseError](err)
	if !ok {
		w.Errorf("%T: got %v, want a refusal", in, err)
		return
	}
	if refusal.StatusCode != status || refusal.ErrorCode != code || refusal.ErrorMessage == "" || refusal.RequestId == "" {
		w.Errorf("%T: got %+v, want %d %s with a message and a request id", in, refusal, status, code)
	}
}

// eventually asks, as clients do, until the answer is yes.
func (w *world) eventually(what string, yes func() bool) {
	w.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	patience := time.NewTimer(5 * time.Minute)
	defer patience.Stop()
	for !yes() {
		select {
		case <-again.C:
		case <-patience.C:
			w.Fatalf("waited in vain: %s", what)
		}
	}
}

// endedAtOnce checks that a job had nothing to do.
func (w *world) endedAtOnce(jobID string) {
	w.Helper()
	for _, sub := range w.finish(jobID) {
		if *sub.BeginTime != *sub.EndTime {
			w.Errorf("job %s took until %s, want one that had nothing to do", jobID, *sub.EndTime)
		}
	}
}

// finish waits until all sub-jobs of a job are SUCCESS, and returns them. Like the public clients it takes an empty list for a
// failure.
func (w *world) finish(jobID string) []model.JobDetailInfo {
	w.Helper()
	var jobs []model.JobDetailInfo
	w.eventually("job "+jobID, func() bool {
		jobs = *call(w, w.ListItaSubJobs, &model.ListItaSubJobsRequest{JobId: &jobID}).Jobs
		if len(jobs) == 0 {
			w.Fatal("the job has no sub-jobs")
		}
		done := true
		for _, j := range jobs {
			switch *j.Status {
			case "WAITING", "RUNNING":
				done = false
			case "SUCCESS":
			default:
				w.Fatalf("a sub-job is %s: %s %s", *j.Status, *j.ErrorCode, *j.FailReason)
			}
		}
		return done
	})
	return jobs
}

func (w *world) order(users ...string) *model.CreateDesktopReq {
	desktops := make([]model.Desktop, len(users))
	for i, u := range users {
		desktops[i] = model.Desktop{UserName: u, UserGroup: new("sudo")}
	}
	return &model.CreateDesktopReq{
		DesktopType: model.GetCreateDesktopReqDesktopTypeEnum().DEDICATED, ProductId: w.ProductID, ImageType: "gold", ImageId: w.ImageID,
		AvailabilityZone: &w.AvailabilityZone, RootVolume: &model.Volume{Type: "SAS", Size: 80}, Desktops: &desktops,
		Nics: &[]model.Nic{{SubnetId: w.SubnetID}}, SecurityGroups: &[]model.SecurityGroupIdInfo{{Id: w.SecurityGroupID}},
		DataVolumes: &[]model.Volume{{Type: "SSD", Size: 10}}, Tags: &[]model.Tag{{Key: "team", Value: new("a & b")}},
	}
}

func (w *world) create(o *model.CreateDesktopReq) []string {
	w.Helper()
	job := call(w, w.CreateDesktop, &model.CreateDesktopRequest{Body: o}).JobId
	var ids []string
	for _, j := range w.finish(*job) {
		ids = append(ids, *j.Entities.DesktopId)
	}
	return ids
}

func (w *world) show(id string) *model.DesktopDetailInfo {
	w.Helper()
	return call(w, w.ShowDesktopDetail, &model.ShowDesktopDetailRequest{DesktopId: id}).Desktop
}
