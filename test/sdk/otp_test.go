package sdk

import (
	"encoding/base32"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"time"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/workspace/v2/model"

	"carrel/internal/signin"
)

// page is a browser's page of the portal.
type page struct {
	e      *env
	client http.Client
}

func (e *env) page() page {
	e.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		e.Fatal(err)
	}
	return page{e, http.Client{Jar: jar}}
}

// post makes a call of the portal that must answer with the status, and reads the answer.
func (p page) post(path string, body map[string]string, status int) (answer struct {
	Secret string
	Codes  []string `json:"recovery_codes"`
}) {
	p.e.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		p.e.Fatal(err)
	}
	r, err := http.NewRequestWithContext(p.e.Context(), http.MethodPost, p.e.Endpoint+"/portal/api/"+path, strings.NewReader(string(text)))
	if err != nil {
		p.e.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	a, err := p.client.Do(r)
	if err != nil {
		p.e.Fatal(err)
	}
	defer a.Body.Close()
	got, err := io.ReadAll(a.Body)
	if err != nil || a.StatusCode != status {
		p.e.Fatalf("%s: %d %s, %v; want %d", path, a.StatusCode, got, err, status)
	}
	if err := json.Unmarshal(got, &answer); err != nil {
		p.e.Fatalf("%s: %s: %v", path, got, err)
	}
	return answer
}

func TestAuthenticators(t *testing.T) {
	e := newEnv(t)
	ann, bob := e.person("ann"), e.person("bob")
	call(e, e.UpdateUserInfo, &model.UpdateUserInfoRequest{UserId: ann, Body: &model.EditUserReq{NextLoginChangePassword: new(false)}})
	devices := func(user string) []model.OtpDevice {
		t.Helper()
		return *call(e, e.ListOtpDevicesByUserId, &model.ListOtpDevicesByUserIdRequest{UserId: user}).OtpDevices
	}
	unbind := func(user string, ids ...string) *model.BatchDeleteOtpDevicesRequest {
		return &model.BatchDeleteOtpDevicesRequest{UserId: user, Body: &model.DelOtpDevicesReq{OtpIds: &ids}}
	}
	if got := devices(ann); len(got) != 0 {
		t.Errorf("before: %v", got)
	}
	refused(e, e.ListOtpDevicesByUserId, &model.ListOtpDevicesByUserIdRequest{UserId: "x"}, 400, "WKS.00170312")

	signIn := map[string]string{"user_name": "ann", "password": goodPassword}
	p := e.page()
	p.post("sign-in", signIn, http.StatusOK)
	secret, err := base32.StdEncoding.DecodeString(p.post("me/codes", nil, http.StatusOK).Secret)
	if err != nil {
		t.Fatal(err)
	}
	states := model.GetOtpDeviceStatusEnum()
	if got := devices(ann); len(got) != 1 || *got[0].Status != states.UNREGISTER {
		t.Errorf("before it is confirmed: %v", got)
	}
	code := signin.TOTPCode(secret, signin.TOTPStep(time.Now()))
	p.post("me/codes/confirm", map[string]string{"code": code}, http.StatusOK)
	got := devices(ann)
	if len(got) != 1 || *got[0].Status != states.REGISTERED || *got[0].UserId != ann || *got[0].UserName != "ann" || time.Since(time.Time(*got[0].CreateTime)) > time.Minute {
		t.Fatalf("after: %v", got)
	}
	e.page().post("sign-in", signIn, http.StatusAccepted) // goes on with a code

	refused(e, e.BatchDeleteOtpDevices, unbind(ann), 400, "WKS.00010001")
	refused(e, e.BatchDeleteOtpDevices, unbind("x", *got[0].Id), 400, "WKS.00170312")
	call(e, e.BatchDeleteOtpDevices, unbind(bob, *got[0].Id)) // is not theirs: nothing to do
	if got := devices(ann); len(got) != 1 {
		t.Fatalf("another person's unbinding took it: %v", got)
	}
	for range 2 { // what is gone is a success
		call(e, e.BatchDeleteOtpDevices, unbind(ann, *got[0].Id))
	}
	if got := devices(ann); len(got) != 0 {
		t.Errorf("unbound: %v", got)
	}
	e.page().post("sign-in", signIn, http.StatusOK)
}
