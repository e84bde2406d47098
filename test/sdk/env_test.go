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
	"carrel/test/called"
)

// env is a running Carrel over simulated desktops, with a client of its administrator's.
type env struct {
	*testing.T
	app.Bootstrap
	*workspace.WorkspaceClient

	config app.Config
}

func newEnv(t *testing.T) *env {
	t.Helper()
	return newEnvWith(t, func(*app.Config) {})
}

// newEnvWith is newEnv with another configuration.
func newEnvWith(t *testing.T, configure func(*app.Config)) *env {
	t.Helper()
	c := app.Defaults()
	c.Data, c.Listen, c.Engine, c.Version = t.TempDir(), "127.0.0.1:0", "sim", "test"
	configure(&c)
	a, err := app.Start(t.Context(), c, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		called.Note(t, a.Bootstrap.Endpoint, "sdk")
		a.Stop(t.Context())
	})
	e := &env{T: t, Bootstrap: a.Bootstrap, config: c}
	e.WorkspaceClient = e.client(e.credentials(e.SecretKey))
	return e
}

// httpConfig names the client, without which the SDK would write to the home directory.
func httpConfig() *config.HttpConfig {
	return config.DefaultHttpConfig().WithUserAgent("carrel-test")
}

func (e *env) credentials(secretKey string) auth.ICredential {
	e.Helper()
	c, err := basic.NewCredentialsBuilder().WithAk(e.AccessKey).WithSk(secretKey).WithProjectId(e.ProjectID).SafeBuild()
	if err != nil {
		e.Fatal(err)
	}
	return c
}

func (e *env) client(c auth.ICredential) *workspace.WorkspaceClient {
	e.Helper()
	h, err := workspace.WorkspaceClientBuilder().WithEndpoint(e.Endpoint).WithCredential(c).WithHttpConfig(httpConfig()).SafeBuild()
	if err != nil {
		e.Fatal(err)
	}
	return workspace.NewWorkspaceClient(h)
}

func (e *env) identity(c auth.ICredential) *iam.IamClient {
	e.Helper()
	h, err := iam.IamClientBuilder().WithEndpoint(e.Endpoint).WithCredential(c).WithHttpConfig(httpConfig()).SafeBuild()
	if err != nil {
		e.Fatal(err)
	}
	return iam.NewIamClient(h)
}

// call makes a call that must succeed and returns the answer.
func call[I, O any](e *env, f func(*I) (*O, error), in *I) *O {
	e.Helper()
	out, err := f(in)
	if err != nil {
		e.Fatalf("%T: %v", in, err)
	}
	return out
}

// refused makes a call that must be refused, and checks what the SDK makes of the refusal.
func refused[I, O any](e *env, f func(*I) (*O, error), in *I, status int, code string) {
	e.Helper()
	_, err := f(in)
	refusal, ok := errors.AsType[*sdkerr.ServiceResponseError](err)
	if !ok {
		e.Errorf("%T: got %v, want a refusal", in, err)
		return
	}
	if refusal.StatusCode != status || refusal.ErrorCode != code || refusal.ErrorMessage == "" || refusal.RequestId == "" {
		e.Errorf("%T: got %+v, want %d %s with a message and a request id", in, refusal, status, code)
	}
}

// eventually asks, as clients do, until the answer is yes.
func (e *env) eventually(what string, yes func() bool) {
	e.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	patience := time.NewTimer(5 * time.Minute)
	defer patience.Stop()
	for !yes() {
		select {
		case <-again.C:
		case <-patience.C:
			e.Fatalf("waited in vain: %s", what)
		}
	}
}

// endedAtOnce checks that a job had nothing to do.
func (e *env) endedAtOnce(jobID string) {
	e.Helper()
	for _, sub := range e.finish(jobID) {
		if *sub.BeginTime != *sub.EndTime {
			e.Errorf("job %s took until %s, want one that had nothing to do", jobID, *sub.EndTime)
		}
	}
}

// finish waits until all sub-jobs of a job are SUCCESS, and returns them. Like the public clients it takes an empty list for a
// failure.
func (e *env) finish(jobID string) []model.JobDetailInfo {
	e.Helper()
	var jobs []model.JobDetailInfo
	e.eventually("job "+jobID, func() bool {
		jobs = *call(e, e.ListItaSubJobs, &model.ListItaSubJobsRequest{JobId: &jobID}).Jobs
		if len(jobs) == 0 {
			e.Fatal("the job has no sub-jobs")
		}
		done := true
		for _, j := range jobs {
			switch *j.Status {
			case "WAITING", "RUNNING":
				done = false
			case "SUCCESS":
			default:
				e.Fatalf("a sub-job is %s: %s %s", *j.Status, *j.ErrorCode, *j.FailReason)
			}
		}
		return done
	})
	return jobs
}

func (e *env) order(users ...string) *model.CreateDesktopReq {
	desktops := make([]model.Desktop, len(users))
	for i, u := range users {
		desktops[i] = model.Desktop{UserName: u, UserGroup: new("sudo")}
	}
	return &model.CreateDesktopReq{
		DesktopType: model.GetCreateDesktopReqDesktopTypeEnum().DEDICATED, ProductId: e.ProductID, ImageType: "gold", ImageId: e.ImageID,
		AvailabilityZone: &e.AvailabilityZone, RootVolume: &model.Volume{Type: "SAS", Size: 80}, Desktops: &desktops,
		Nics: &[]model.Nic{{SubnetId: e.SubnetID}}, SecurityGroups: &[]model.SecurityGroupIdInfo{{Id: e.SecurityGroupID}},
		DataVolumes: &[]model.Volume{{Type: "SSD", Size: 10}}, Tags: &[]model.Tag{{Key: "team", Value: new("a & b")}},
	}
}

func (e *env) create(o *model.CreateDesktopReq) []string {
	e.Helper()
	job := call(e, e.CreateDesktop, &model.CreateDesktopRequest{Body: o}).JobId
	var ids []string
	for _, j := range e.finish(*job) {
		ids = append(ids, *j.Entities.DesktopId)
	}
	return ids
}

func (e *env) show(id string) *model.DesktopDetailInfo {
	e.Helper()
	return call(e, e.ShowDesktopDetail, &model.ShowDesktopDetailRequest{DesktopId: id}).Desktop
}
