// Package assign gives real desktops on Incus to people and looks inside at what that does.
package assign

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"carrel/internal/engine"
	"carrel/internal/engine/incus/incustest"
	"carrel/test/controlplane"
)

const password = "Let-me-in-1"

// office is a control plane over Incus with one shared desktop.
type office struct {
	*testing.T
	process *controlplane.Process
	client  *controlplane.Client
	engine  engine.Engine
	id      string // of the desktop
	users   map[string]string
}

func newOffice(t *testing.T) *office {
	t.Helper()
	config := controlplane.Incus(t)
	p := controlplane.Start(t, controlplane.Options{Engine: "incus", Data: filepath.Join(t.TempDir(), "data"), Config: config})
	o := &office{T: t, process: p, client: p.Client(t), engine: controlplane.Engine(t, config), users: map[string]string{}}
	b := p.Bootstrap
	job := o.post("/desktops", map[string]any{
		"desktop_type": "SHARED", "image_type": "gold", "image_id": b.ImageID, "product_id": b.ProductID, "size": 1, "desktop_name": "spare",
		"root_volume": map[string]any{"type": "SAS", "size": 80}, "data_volumes": []any{map[string]any{"type": "SSD", "size": 10}},
	})
	o.id = o.done(job).SubJobs[0].Entities.DesktopID
	return o
}

// post asks for something and returns the job that does it.
func (o *office) post(path string, body any) string {
	o.Helper()
	var answer struct {
		Job     string `json:"job_id"`
		ID      string `json:"id"`
		Message string `json:"error_msg"`
		Failed  []any  `json:"failed_operation_list"`
	}
	method := http.MethodPost
	if path == "/desktops/change-username" {
		method = http.MethodPut
	}
	if status := o.client.Do(o.T, method, path, body, &answer); status >= 300 || len(answer.Failed) > 0 {
		o.Fatalf("%s: status %d, %s %v", path, status, answer.Message, answer.Failed)
	}
	return answer.Job + answer.ID
}

func (o *office) done(job string) controlplane.Job {
	o.Helper()
	j := o.client.Finished(o.T, job, 5*time.Minute)
	if j.Status != "SUCCESS" {
		o.Fatalf("the job failed: %+v\n%s", j.SubJobs, o.process.Log())
	}
	return j
}

func (o *office) hire(name string) {
	o.Helper()
	o.users[name] = o.post("/users", map[string]any{
		"user_name": name, "active_type": "ADMIN_ACTIVATE", "password": password, "next_login_change_password": false,
	})
}

type object = map[string]any

// attach gives the desktop to a person.
func (o *office) attach(person, group string, more object) {
	o.Helper()
	desktop := object{"desktop_id": o.id, "attach_user_infos": []any{object{"user_name": person, "user_group": group}}}
	maps.Copy(desktop, more)
	o.done(o.post("/desktops/attach", object{"desktops": []any{desktop}}))
}

func (o *office) detach(person string, erase bool) {
	o.Helper()
	o.done(o.post("/desktops/batch-detach", object{"desktops": []any{object{
		"desktop_id": o.id, "is_clear_data": erase, "detach_user_infos": []any{object{"user_name": person}},
	}}}))
}

// try runs a command as root inside the desktop.
func (o *office) try(command string) (string, error) {
	o.Helper()
	m, err := o.engine.Find(o.Context(), o.id)
	if err != nil {
		o.Fatal(err)
	}
	out, err := incustest.Desktop(o.Context(), "carrel-test", m.Name, "sh", "-c", command)
	return strings.TrimSpace(out), err
}

// inside fails unless the command succeeds and prints what is wanted.
func (o *office) inside(command, want string) {
	o.Helper()
	if out, err := o.try(command); err != nil || out != want {
		o.Errorf("%s: got %q, %v; want %q", command, out, err, want)
	}
}

// session is the process id of a person's display server.
func (o *office) session(account string) string {
	o.Helper()
	out, err := o.try("pgrep -u " + account + " -x Xvnc")
	if err != nil || out == "" {
		o.Fatalf("%s has no display: %s %v", account, out, err)
	}
	return out
}

// inSession runs a command as a person, with the groups that their running session has.
func (o *office) inSession(account, command string) error {
	o.Helper()
	_, err := o.try(fmt.Sprintf("groups=$(awk '/^Groups:/ {$1=\"\"; gsub(/^ | $/, \"\"); gsub(/ /, \",\"); print}' /proc/%s/status); "+
		"exec setpriv --reuid %s --regid %s --groups $groups %s", o.session(account), account, account, command))
	return err
}

func TestDesktopsAreGivenAndTakenInside(t *testing.T) {
	o := newOffice(t)
	defer o.client.DeleteAll(t)
	o.hire("ann")
	o.hire("ben")
	o.attach("ann", "sudo", object{"computer_name": "front_desk"})
	o.attach("ben", "default", nil)

	o.inside("hostname", "front-desk")
	o.inside("cat /etc/hostname", "front-desk")
	o.inside("stat -c '%U %a' /home/ann /home/ben", "ann 700\nben 700")
	if err := o.inSession("ann", "sudo -n true"); err != nil {
		t.Errorf("ann may not administer the desktop: %v", err)
	}
	if err := o.inSession("ben", "sudo -n true"); err == nil {
		t.Error("ben may administer the desktop")
	}

	t.Run("a change of privilege holds in the session that runs", func(t *testing.T) {
		before := o.session("ben") + " " + o.session("ann")
		for _, group := range []string{"sudo", "default"} {
			o.done(o.post("/desktops/change-user-privilege-group", object{"user_privilege_group": group, "desktops": []any{object{
				"desktop_id": o.id, "attach_user_infos": []any{object{"user_name": "ben", "type": "USER"}},
			}}}))
			if err := o.inSession("ben", "sudo -n true"); (err == nil) != (group == "sudo") {
				t.Errorf("with %s, sudo says %v", group, err)
			}
		}
		if after := o.session("ben") + " " + o.session("ann"); after != before {
			t.Errorf("displays %s became %s", before, after)
		}
	})

	t.Run("a person is renamed with all that is theirs", func(t *testing.T) {
		o.inside("echo hers >/home/ben/letter && chown ben: /home/ben/letter && id -u ben >/root/uid", "")
		o.post("/desktops/change-username", object{"old_username": "ben", "new_username": "benny"})
		o.finishAll("changeUserName")
		o.inside("cat /home/benny/letter; test $(id -u benny) = $(cat /root/uid) && echo same", "hers\nsame")
		if out, err := o.try("id ben"); err == nil {
			t.Errorf("the old account is there: %s", out)
		}
		if err := o.engine.Await(t.Context(), o.id, "benny"); err != nil {
			t.Errorf("benny's display: %v", err)
		}
	})

	t.Run("who loses the desktop loses session and access, and their data where that is asked for", func(t *testing.T) {
		ann := o.session("ann")
		o.inside("echo his >/home/benny/plan; chown benny: /home/benny/plan; install -o benny -g benny /dev/null /data/disk1/his; install -o ann -g ann /dev/null /data/disk1/hers", "")
		o.detach("benny", false)
		o.inside("pgrep -u benny || echo none; getent passwd benny | cut -d: -f7; cat /home/benny/plan", "none\n/usr/sbin/nologin\nhis")
		o.attach("benny", "default", object{"is_clear_data": false})
		o.inside("cat /home/benny/plan", "his")
		o.detach("benny", false)
		o.attach("benny", "default", nil)
		o.inside("ls /home/benny/plan /data/disk1/his 2>/dev/null; ls /data/disk1", "hers")
		o.session("benny")
		o.detach("benny", true)
		o.inside("test -e /home/benny || echo gone; pgrep -u benny || echo none", "gone\nnone")
		if now := o.session("ann"); now != ann {
			t.Errorf("ann's display %s became %s", ann, now)
		}
	})

	t.Run("who is locked out loses the open display", func(t *testing.T) {
		lost := o.open("ann")
		begun := time.Now()
		if status := o.client.Do(t, "POST", "/users/"+o.users["ann"]+"/actions", object{"op_type": "LOCK"}, nil); status != http.StatusNoContent {
			t.Fatalf("locking: status %d", status)
		}
		select {
		case <-lost:
			t.Logf("the display ended after %v", time.Since(begun))
		case <-time.After(2 * time.Minute):
			t.Error("the display of somebody who is locked out stays open")
		}
	})
}

// finishAll waits for the end of all jobs of a type.
func (o *office) finishAll(jobType string) {
	o.Helper()
	var list struct {
		Jobs []struct {
			JobID string `json:"job_id"`
		} `json:"jobs"`
	}
	o.client.Do(o.T, "GET", "/workspace-sub-jobs?job_type="+jobType, nil, &list)
	for _, j := range list.Jobs {
		o.done(j.JobID)
	}
}

// open signs a person in at the portal and opens their display. The channel closes when it ends.
func (o *office) open(person string) <-chan struct{} {
	o.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		o.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	var ticket struct {
		Ticket string `json:"ticket"`
		URL    string `json:"url"`
	}
	o.call(browser, "/portal/api/sign-in", object{"user_name": person, "password": password}, nil)
	o.call(browser, "/portal/api/desktops/"+o.id+"/ticket", nil, &ticket)
	address := "ws" + strings.TrimPrefix(o.process.Bootstrap.Endpoint, "http") + "/gateway/display?ticket=" + ticket.Ticket
	//nolint:bodyclose // the library closes it
	ws, _, err := websocket.Dial(o.Context(), address, &websocket.DialOptions{Subprotocols: []string{"binary"}})
	if err != nil {
		o.Fatalf("opening the display: %v", err)
	}
	o.Cleanup(func() { _ = ws.CloseNow() })
	if _, greeting, err := ws.Read(o.Context()); err != nil || !bytes.HasPrefix(greeting, []byte("RFB ")) {
		o.Fatalf("the display says %q, %v", greeting, err)
	}
	lost := make(chan struct{})
	go func() {
		defer close(lost)
		for {
			if _, _, err := ws.Read(o.Context()); err != nil {
				return
			}
		}
	}()
	return lost
}

func (o *office) call(browser *http.Client, path string, in, out any) {
	o.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		o.Fatal(err)
	}
	r, err := http.NewRequestWithContext(o.Context(), http.MethodPost, o.process.Bootstrap.Endpoint+path, bytes.NewReader(body))
	if err != nil {
		o.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := browser.Do(r)
	if err != nil {
		o.Fatal(err)
	}
	defer answer.Body.Close() //nolint:errcheck // only read
	if answer.StatusCode >= 300 {
		o.Fatalf("%s: status %d", path, answer.StatusCode)
	}
	if out != nil {
		if err := json.NewDecoder(answer.Body).Decode(out); err != nil {
			o.Fatalf("%s: %v", path, err)
		}
	}
}
