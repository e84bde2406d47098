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
	w      *world
	client http.Client
}

func (w *world) page() page {
	w.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.Fatal(err)
	}
	return page{w, http.Client{Jar: jar}}
}

// post makes a call of the portal that must answer with the status, and reads the answer.
func (p page) post(path string, body map[string]string, status int) (answer struct {
	Secret string
	Codes  []string `json:"recovery_codes"`
}) {
	p.w.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		p.w.Fatal(err)
	}
	r, err := http.NewRequestWithContext(p.w.Context(), http.MethodPost, p.w.Endpoint+"/portal/api/"+path, strings.NewReader(string(text)))
	if err != nil {
		p.w.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	a, err := p.client.Do(r)
	if err != nil {
		p.w.Fatal(err)
	}
	defer a.Body.Close()
	got, err := io.ReadAll(a.Body)
	if err != nil || a.StatusCode != status {
		p.w.Fatalf("%s: %d %s, %v; want %d", path, a.StatusCode, got, err, status)
	}
	if err := json.Unmarshal(got, &answer); err != nil {
		p.w.Fatalf("%s: %s: %v", path, got, err)
	}
	return answer
}

func TestAuthenticators(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.person("ann"), w.person("bob")
	call(w, w.UpdateUserInfo, &model.UpdateUserInfoRequest{UserId: ann, Body: &model.EditUserReq{NextLoginChangePassword: new(false)}})
	devices := func(user string) []model.OtpDevice {
		t.Helper()
		return *call(w, w.ListOtpDevicesByUserId, &model.ListOtpDevicesByUserIdRequest{UserId: user}).OtpDevices
	}
	unbind := func(user string, ids ...string) *model.BatchDeleteOtpDevicesRequest {
		return &model.BatchDeleteOtpDevicesRequest{UserId: user, Body: &model.DelOtpDevicesReq{OtpIds: &ids}}
	}
	if got := devices(ann); len(got) != 0 {
		t.Errorf("before: %v", got)
	}
	refused(w, w.ListOtpDevicesByUserId, &model.ListOtpDevicesByUserIdRequest{UserId: "x"}, 400, "WKS.00170312")

	signIn := map[string]string{"user_name": "ann", "password": goodPassword}
	p := w.page()
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
	w.page().post("sign-in", signIn, http.StatusAccepted) // goes on with a code

	refused(w, w.BatchDeleteOtpDevices, unbind(ann), 400, "WKS.00010001")
	refused(w, w.BatchDeleteOtpDevices, unbind("x", *got[0].Id), 400, "WKS.00170312")
	call(w, w.BatchDeleteOtpDevices, unbind(bob, *got[0].Id)) // is not theirs: nothing to do
	if got := devices(ann); len(got) != 1 {
		t.Fatalf("another person's unbinding took it: %v", got)
	}
	for range 2 { // what is gone is a success
		call(w, w.BatchDeleteOtpDevices, unbind(ann, *got[0].Id))
	}
	if got := devices(ann); len(got) != 0 {
		t.Errorf("unbound: %v", got)
	}
	w.page().post("sign-in", signIn, http.StatusOK)
}
