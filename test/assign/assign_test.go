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

// env is a control plane over Incus with one shared desktop.
type env struct {
	*testing.T
	process *controlplane.Process
	client  *controlplane.Client
	engine  engine.Engine
	id      string // of the desktop
	users   map[string]string
}

func newEnv(t *testing.T) *env {
	t.Helper()
	config := controlplane.Incus(t)
	p := controlplane.Start(t, controlplane.Options{Engine: "incus", Data: filepath.Join(t.TempDir(), "data"), Config: config})
	e := &env{T: t, process: p, client: p.Client(t), engine: controlplane.Engine(t, config), users: map[string]string{}}
	b := p.Bootstrap
	job := e.post("/desktops", map[string]any{
		"desktop_type": "SHARED", "image_type": "gold", "image_id": b.ImageID, "product_id": b.ProductID, "size": 1, "desktop_name": "spare",
		"root_volume": map[string]any{"type": "SAS", "size": 80}, "data_volumes": []any{map[string]any{"type": "SSD", "size": 10}},
	})
	e.id = e.done(job).SubJobs[0].Entities.DesktopID
	return e
}

// post asks for something and returns the job that does it.
func (e *env) post(path string, body any) string {
	e.Helper()
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
	if status := e.client.Do(e.T, method, path, body, &answer); status >= 300 || len(answer.Failed) > 0 {
		e.Fatalf("%s: status %d, %s %v", path, status, answer.Message, answer.Failed)
	}
	return answer.Job + answer.ID
}

func (e *env) done(job string) controlplane.Job {
	e.Helper()
	j := e.client.Finished(e.T, job, 5*time.Minute)
	if j.Status != "SUCCESS" {
		e.Fatalf("the job failed: %+v\n%s", j.SubJobs, e.process.Log())
	}
	return j
}

func (e *env) hire(name string) {
	e.Helper()
	e.users[name] = e.post("/users", map[string]any{
		"user_name": name, "active_type": "ADMIN_ACTIVATE", "password": password, "next_login_change_password": false,
	})
}

type object = map[string]any

// attach gives the desktop to a person.
func (e *env) attach(person, group string, more object) {
	e.Helper()
	desktop := object{"desktop_id": e.id, "attach_user_infos": []any{object{"user_name": person, "user_group": group}}}
	maps.Copy(desktop, more)
	e.done(e.post("/desktops/attach", object{"desktops": []any{desktop}}))
}

func (e *env) detach(person string, erase bool) {
	e.Helper()
	e.done(e.post("/desktops/batch-detach", object{"desktops": []any{object{
		"desktop_id": e.id, "is_clear_data": erase, "detach_user_infos": []any{object{"user_name": person}},
	}}}))
}

// try runs a command as root inside the desktop.
func (e *env) try(command string) (string, error) {
	e.Helper()
	m, err := e.engine.Find(e.Context(), e.id)
	if err != nil {
		e.Fatal(err)
	}
	out, err := incustest.Desktop(e.Context(), "carrel-test", m.Name, "sh", "-c", command)
	return strings.TrimSpace(out), err
}

// inside fails unless the command succeeds and prints what is wanted.
func (e *env) inside(command, want string) {
	e.Helper()
	if out, err := e.try(command); err != nil || out != want {
		e.Errorf("%s: got %q, %v; want %q", command, out, err, want)
	}
}

// session is the process id of a person's display server.
func (e *env) session(account string) string {
	e.Helper()
	out, err := e.try("pgrep -u " + account + " -x Xvnc")
	if err != nil || out == "" {
		e.Fatalf("%s has no display: %s %v", account, out, err)
	}
	return out
}

// inSession runs a command as a person, with the groups that their running session has.
func (e *env) inSession(account, command string) error {
	e.Helper()
	_, err := e.try(fmt.Sprintf("groups=$(awk '/^Groups:/ {$1=\"\"; gsub(/^ | $/, \"\"); gsub(/ /, \",\"); print}' /proc/%s/status); "+
		"exec setpriv --reuid %s --regid %s --groups $groups %s", e.session(account), account, account, command))
	return err
}

func TestDesktopsAreGivenAndTakenInside(t *testing.T) {
	e := newEnv(t)
	defer e.client.DeleteAll(t)
	e.hire("ann")
	e.hire("ben")
	e.attach("ann", "sudo", object{"computer_name": "front_desk"})
	e.attach("ben", "default", nil)

	e.inside("hostname", "front-desk")
	e.inside("cat /etc/hostname", "front-desk")
	e.inside("stat -c '%U %a' /home/ann /home/ben", "ann 700\nben 700")
	if err := e.inSession("ann", "sudo -n true"); err != nil {
		t.Errorf("ann may not administer the desktop: %v", err)
	}
	if err := e.inSession("ben", "sudo -n true"); err == nil {
		t.Error("ben may administer the desktop")
	}

	t.Run("a change of privilege holds in the session that runs", func(t *testing.T) {
		before := e.session("ben") + " " + e.session("ann")
		for _, group := range []string{"sudo", "default"} {
			e.done(e.post("/desktops/change-user-privilege-group", object{"user_privilege_group": group, "desktops": []any{object{
				"desktop_id": e.id, "attach_user_infos": []any{object{"user_name": "ben", "type": "USER"}},
			}}}))
			if err := e.inSession("ben", "sudo -n true"); (err == nil) != (group == "sudo") {
				t.Errorf("with %s, sudo says %v", group, err)
			}
		}
		if after := e.session("ben") + " " + e.session("ann"); after != before {
			t.Errorf("displays %s became %s", before, after)
		}
	})

	t.Run("a person is renamed with all that is theirs", func(t *testing.T) {
		e.inside("echo hers >/home/ben/letter && chown ben: /home/ben/letter && id -u ben >/root/uid", "")
		e.post("/desktops/change-username", object{"old_username": "ben", "new_username": "benny"})
		e.finishAll("changeUserName")
		e.inside("cat /home/benny/letter; test $(id -u benny) = $(cat /root/uid) && echo same", "hers\nsame")
		if out, err := e.try("id ben"); err == nil {
			t.Errorf("the old account is there: %s", out)
		}
		if err := e.engine.Await(t.Context(), e.id, "benny"); err != nil {
			t.Errorf("benny's display: %v", err)
		}
	})

	t.Run("who loses the desktop loses session and access, and their data where that is asked for", func(t *testing.T) {
		ann := e.session("ann")
		e.inside("echo his >/home/benny/plan; chown benny: /home/benny/plan; install -o benny -g benny /dev/null /data/disk1/his; install -o ann -g ann /dev/null /data/disk1/hers", "")
		e.detach("benny", false)
		e.inside("pgrep -u benny || echo none; getent passwd benny | cut -d: -f7; cat /home/benny/plan", "none\n/usr/sbin/nologin\nhis")
		e.attach("benny", "default", object{"is_clear_data": false})
		e.inside("cat /home/benny/plan", "his")
		e.detach("benny", false)
		e.attach("benny", "default", nil)
		e.inside("ls /home/benny/plan /data/disk1/his 2>/dev/null; ls /data/disk1", "hers")
		e.session("benny")
		e.detach("benny", true)
		e.inside("test -e /home/benny || echo gone; pgrep -u benny || echo none", "gone\nnone")
		if now := e.session("ann"); now != ann {
			t.Errorf("ann's display %s became %s", ann, now)
		}
	})

	t.Run("who is locked out loses the open display", func(t *testing.T) {
		lost := e.open("ann")
		begun := time.Now()
		if status := e.client.Do(t, "POST", "/users/"+e.users["ann"]+"/actions", object{"op_type": "LOCK"}, nil); status != http.StatusNoContent {
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
func (e *env) finishAll(jobType string) {
	e.Helper()
	var list struct {
		Jobs []struct {
			JobID string `json:"job_id"`
		} `json:"jobs"`
	}
	e.client.Do(e.T, "GET", "/workspace-sub-jobs?job_type="+jobType, nil, &list)
	for _, j := range list.Jobs {
		e.done(j.JobID)
	}
}

// open signs a person in at the portal and opens their display. The channel closes when it ends.
func (e *env) open(person string) <-chan struct{} {
	e.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		e.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	var ticket struct {
		Ticket string `json:"ticket"`
		URL    string `json:"url"`
	}
	e.call(browser, "/portal/api/sign-in", object{"user_name": person, "password": password}, nil)
	e.call(browser, "/portal/api/desktops/"+e.id+"/ticket", nil, &ticket)
	address := "ws" + strings.TrimPrefix(e.process.Bootstrap.Endpoint, "http") + "/gateway/display?ticket=" + ticket.Ticket
	//nolint:bodyclose // the library closes it
	ws, _, err := websocket.Dial(e.Context(), address, &websocket.DialOptions{Subprotocols: []string{"binary"}})
	if err != nil {
		e.Fatalf("opening the display: %v", err)
	}
	e.Cleanup(func() { _ = ws.CloseNow() })
	if _, greeting, err := ws.Read(e.Context()); err != nil || !bytes.HasPrefix(greeting, []byte("RFB ")) {
		e.Fatalf("the display says %q, %v", greeting, err)
	}
	lost := make(chan struct{})
	go func() {
		defer close(lost)
		for {
			if _, _, err := ws.Read(e.Context()); err != nil {
				return
			}
		}
	}()
	return lost
}

func (e *env) call(browser *http.Client, path string, in, out any) {
	e.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		e.Fatal(err)
	}
	r, err := http.NewRequestWithContext(e.Context(), http.MethodPost, e.process.Bootstrap.Endpoint+path, bytes.NewReader(body))
	if err != nil {
		e.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := browser.Do(r)
	if err != nil {
		e.Fatal(err)
	}
	defer answer.Body.Close() //nolint:errcheck // only read
	if answer.StatusCode >= 300 {
		e.Fatalf("%s: status %d", path, answer.StatusCode)
	}
	if out != nil {
		if err := json.NewDecoder(answer.Body).Decode(out); err != nil {
			e.Fatalf("%s: %v", path, err)
		}
	}
}
