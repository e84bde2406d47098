// Package browser drives the real pages of the real program with Debian's Chromium. The flows are written in JavaScript,
// for Playwright, in *.flow.js; each test in such a file becomes a test here. Screenshots are left in test/artifacts.
package browser

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"carrel/internal/engine/incus/incustest"
	"carrel/test/controlplane"
)

const (
	user     = "demo"
	password = "Let-me-in-1"
)

func TestPortal(t *testing.T) {
	needBrowser(t)
	t.Parallel() // much of the time goes by waiting
	s := newStage(t, controlplane.Options{Engine: "sim", Data: filepath.Join(t.TempDir(), "data"), Config: "sim.yaml"})
	s.person()
	s.desktops("archive", "reading-room", "workbench")
	s.play("portal.flow.js")
}

func TestAccessibility(t *testing.T) {
	needBrowser(t)
	t.Parallel() // much of the time goes by waiting
	s := newStage(t, controlplane.Options{Engine: "sim", Data: filepath.Join(t.TempDir(), "data"), Config: "sim.yaml"})
	s.person()
	s.desktops("archive", "workbench")
	s.play("accessibility.flow.js")
}

func TestAPIDocumentation(t *testing.T) {
	needBrowser(t)
	t.Parallel() // much of the time goes by waiting
	s := newStage(t, controlplane.Options{Engine: "sim", Data: filepath.Join(t.TempDir(), "data"), Config: "sim.yaml"})
	s.person()
	s.play("docs.flow.js")
}

func TestConsole(t *testing.T) {
	needBrowser(t)
	t.Parallel() // much of the time goes by waiting
	s := newStage(t, controlplane.Options{Engine: "sim", Data: filepath.Join(t.TempDir(), "data"), Config: "sim.yaml"})
	s.person()
	s.desktops("archive", "reading-room", "workbench")
	s.play("console.flow.js")
}

func TestSecondFactor(t *testing.T) {
	needBrowser(t)
	t.Parallel() // much of the time goes by waiting
	s := newStage(t, controlplane.Options{Engine: "sim", Data: filepath.Join(t.TempDir(), "data"), Config: "sim.yaml"})
	s.person()
	s.play("codes.flow.js")
}

func TestPools(t *testing.T) {
	needBrowser(t)
	t.Parallel() // much of the time goes by waiting
	s := newStage(t, controlplane.Options{Engine: "sim", Data: filepath.Join(t.TempDir(), "data"), Config: "pool.yaml"})
	s.person()
	s.play("pool.flow.js")
}

func TestDesktop(t *testing.T) {
	needBrowser(t)
	config := controlplane.Incus(t)
	s := newStage(t, controlplane.Options{Engine: "incus", Data: filepath.Join(t.TempDir(), "data"), Config: config})
	s.inside = insideIncus(t, config)
	s.person()
	s.desktops("workbench")
	defer func() { s.process.Client(t).DeleteAll(t) }()
	s.play("desktop.flow.js")
}

func needBrowser(t *testing.T) {
	if os.Getenv("CARREL_TEST_BROWSER") == "" {
		t.Skip("the browser: set CARREL_TEST_BROWSER to Chromium's path, as make test does")
	}
}

// stage is a control plane with a back channel for the flows: what they ask there is done to the server, not through the
// browser.
type stage struct {
	t       *testing.T
	options controlplane.Options
	mu      sync.Mutex // guards process and ids: flows ask through another program, one after the other
	process *controlplane.Process
	ids     map[string]string // of desktops by name
	inside  func(desktopID, command string) ([]byte, error)
	back    *httptest.Server
}

func newStage(t *testing.T, o controlplane.Options) *stage {
	s := &stage{t: t, options: o, process: controlplane.Start(t, o), ids: map[string]string{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /kill", s.alone(s.kill))
	mux.HandleFunc("POST /restart", s.alone(s.restart))
	mux.HandleFunc("POST /operate/{op}/{name}", s.alone(s.operate))
	mux.HandleFunc("POST /unbind", s.alone(s.unbind))
	mux.HandleFunc("POST /config/{file}", s.alone(s.configure))
	mux.HandleFunc("POST /inside/{name}", s.alone(s.run))
	mux.HandleFunc("POST /administrator/{method}/{path...}", s.alone(s.administer))
	s.back = httptest.NewServer(mux)
	t.Cleanup(s.back.Close)
	return s
}

func (s *stage) alone(do http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		do(w, r)
	}
}

func (s *stage) person() {
	s.t.Helper()
	status := s.process.Client(s.t).Do(s.t, "POST", "/users", map[string]any{
		"user_name": user, "active_type": "ADMIN_ACTIVATE", "password": password, "next_login_change_password": false,
	}, nil)
	if status != http.StatusOK {
		s.t.Fatalf("creating the user: status %d\n%s", status, s.process.Log())
	}
}

// desktops makes desktops for the person and waits until they are ready.
func (s *stage) desktops(names ...string) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	b, c := s.process.Bootstrap, s.process.Client(s.t)
	var desktops []map[string]any
	for _, name := range names {
		desktops = append(desktops, map[string]any{"user_name": user, "user_group": "sudo", "computer_name": name})
	}
	var answer struct {
		JobID   string `json:"job_id"`
		Message string `json:"error_msg"`
	}
	status := c.Do(s.t, "POST", "/desktops", map[string]any{
		"desktop_type": "DEDICATED", "image_type": "gold", "image_id": b.ImageID, "product_id": b.ProductID,
		"root_volume": map[string]any{"type": "SAS", "size": 80}, "desktops": desktops,
	}, &answer)
	if status != http.StatusOK {
		s.t.Fatalf("creating desktops: status %d, %s", status, answer.Message)
	}
	if j := c.Finished(s.t, answer.JobID, 5*time.Minute); j.Status != "SUCCESS" {
		s.t.Fatalf("creating desktops: %+v", j)
	}
	var list struct {
		Desktops []struct {
			ID   string `json:"desktop_id"`
			Name string `json:"computer_name"`
		} `json:"desktops"`
	}
	c.Do(s.t, "GET", "/desktops", nil, &list)
	for _, d := range list.Desktops {
		s.ids[d.Name] = d.ID
	}
}

// kill ends the program with SIGKILL and starts it again.
func (s *stage) kill(http.ResponseWriter, *http.Request) {
	s.process.Kill(s.t)
	s.process = controlplane.Start(s.t, s.options)
}

// restart ends the program with SIGTERM and starts it again.
func (s *stage) restart(http.ResponseWriter, *http.Request) {
	if err := s.process.Terminate(s.t.Context()); err != nil {
		s.t.Errorf("the program ended with %v", err)
	}
	s.process = controlplane.Start(s.t, s.options)
}

// unbind does what an administrator does for the person who has lost their authenticator app.
func (s *stage) unbind(w http.ResponseWriter, _ *http.Request) {
	c := s.process.Client(s.t)
	var people struct {
		Users []struct {
			ID string `json:"id"`
		} `json:"users"`
	}
	c.Do(s.t, "GET", "/users?user_names="+user, nil, &people)
	path := "/users/" + people.Users[0].ID + "/otp-devices"
	var list struct {
		Devices []struct {
			ID string `json:"id"`
		} `json:"otp_devices"`
	}
	c.Do(s.t, "GET", path, nil, &list)
	w.WriteHeader(c.Do(s.t, "DELETE", path, map[string]any{"otp_ids": []string{list.Devices[0].ID}}, nil))
}

// configure kills the program and starts it again with another configuration.
func (s *stage) configure(w http.ResponseWriter, r *http.Request) {
	s.options.Config = r.PathValue("file")
	s.kill(w, r)
}

// operate does what an administrator does to a desktop, without waiting for the end.
func (s *stage) operate(w http.ResponseWriter, r *http.Request) {
	status := s.process.Client(s.t).Do(s.t, "POST", "/desktops/action", map[string]any{
		"desktop_ids": []string{s.ids[r.PathValue("name")]}, "op_type": r.PathValue("op"), "type": "SOFT",
	}, nil)
	w.WriteHeader(status)
}

// administer sends a request to the Workspace API of the project as an administrator.
func (s *stage) administer(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var sent any
	if len(body) > 0 {
		sent = json.RawMessage(body)
	}
	var answer json.RawMessage
	path := "/" + r.PathValue("path")
	if r.URL.RawQuery != "" {
		path += "?" + r.URL.RawQuery
	}
	w.WriteHeader(s.process.Client(s.t).Do(s.t, r.PathValue("method"), path, sent, &answer))
	w.Write(answer)
}

// run runs a command inside a desktop, as its user, and answers what it prints.
func (s *stage) run(w http.ResponseWriter, r *http.Request) {
	command, err := io.ReadAll(r.Body)
	if err == nil {
		command, err = s.inside(s.ids[r.PathValue("name")], string(command))
	}
	if err != nil {
		w.WriteHeader(http.StatusConflict)
		fmt.Fprintln(w, err)
	}
	w.Write(command)
}

// insideIncus runs commands in desktops through Incus.
func insideIncus(t *testing.T, config string) func(string, string) ([]byte, error) {
	machines := controlplane.Engine(t, config)
	return func(id, command string) ([]byte, error) {
		m, err := machines.Find(t.Context(), id)
		if err != nil {
			return nil, err
		}
		out, err := incustest.Desktop(t.Context(), "carrel-test", m.Name, "su", "-", user, "-c", command)
		return []byte(out), err
	}
}

// outcome is a line in which Node's test runner says how a test ended (TAP).
var outcome = regexp.MustCompile(`^(not )?ok \d+ - (.*?)( # .*)?$`)

// duration finds the milliseconds in what the runner says after that.
var duration = regexp.MustCompile(`duration_ms: (\d+)`)

// play runs a file of flows and makes each of its tests one here.
func (s *stage) play(file string) {
	s.t.Helper()
	root := controlplane.Root(s.t)
	setting, err := json.Marshal(map[string]any{
		"url": s.process.Bootstrap.Endpoint, "back": s.back.URL, "user": user, "password": password, "desktops": s.ids, "bootstrap": s.process.Bootstrap,
		"browser": os.Getenv("CARREL_TEST_BROWSER"), "artifacts": filepath.Join(root, "test", "artifacts"),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	arguments := []string{"--test-reporter=tap", file}
	if only := os.Getenv("CARREL_TEST_FLOW"); only != "" { // to try one: a pattern of names
		arguments = append([]string{"--test-name-pattern=" + only}, arguments...)
	}
	flows := exec.CommandContext(s.t.Context(), "node", arguments...)
	flows.Env = append(os.Environ(), "STAGE="+string(setting))
	var log bytes.Buffer
	flows.Stderr = &log
	out, err := flows.StdoutPipe()
	if err == nil {
		err = flows.Start()
	}
	if err != nil {
		s.t.Fatal(err)
	}
	played := s.follow(out)
	if err := flows.Wait(); err != nil && !s.t.Failed() || played == 0 {
		s.t.Errorf("%s: %d tests, %v\n%s", file, played, err, log.String())
	}
	if s.t.Failed() {
		s.t.Logf("%s\n%s", log.String(), s.process.Log())
	}
}

// follow reports each test as it ends, with how long it took, and a failed one with what was said about it.
func (s *stage) follow(out io.Reader) (played int) {
	var ended []string // the last outcome
	var about []string // what was said after it
	report := func() {
		if ended == nil {
			return
		}
		said := strings.Join(about, "\n")
		s.t.Run(ended[2], func(t *testing.T) {
			if took := duration.FindStringSubmatch(said); took != nil {
				t.Logf("%s ms", took[1])
			}
			if ended[1] != "" {
				t.Error(said)
			}
		})
		played++
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if m := outcome.FindStringSubmatch(lines.Text()); m != nil {
			report()
			ended, about = m, nil
			continue
		}
		about = append(about, lines.Text())
	}
	report()
	return played
}
