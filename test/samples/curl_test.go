package samples

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// operation is what the test reads of an operation's description.
type operation struct {
	ID      string `json:"operationId"`
	DryRun  bool   `json:"x-dry-run"`
	Samples []struct {
		Label  string `json:"label"`
		Source string `json:"source"`
		Setup  string `json:"setup"`
	} `json:"x-codeSamples"`
	method, path string
}

func (s *server) described() (setups map[string]string, all []operation) {
	s.Helper()
	var doc struct {
		Setups map[string]string               `json:"x-setups"`
		Paths  map[string]map[string]operation `json:"paths"`
	}
	text, err := json.Marshal(s.send("GET", "/openapi.json", nil))
	if err == nil {
		err = json.Unmarshal(text, &doc)
	}
	if err != nil {
		s.Fatal(err)
	}
	for path, methods := range doc.Paths {
		for method, o := range methods {
			o.method, o.path = strings.ToUpper(method), path
			all = append(all, o)
		}
	}
	// What ends a sign-in comes last.
	ends := map[string]int{"PortalSignOut": 1, "RevokeToken": 1, "PortalChangePassword": 1}
	slices.SortFunc(all, func(a, b operation) int { return cmp.Or(ends[a.ID]-ends[b.ID], strings.Compare(a.ID, b.ID)) })
	return doc.Setups, all
}

// shell runs examples with bash, in a folder of their own.
type shell struct {
	*server
	dir string
}

// run runs a script with variables and what is typed, and returns what it prints.
func (s shell) run(script, typed string, variables map[string]string) string {
	s.Helper()
	c := exec.CommandContext(s.Context(), "bash", "-euc", script)
	c.Dir, c.Stdin = s.dir, strings.NewReader(typed)
	c.Env = append(os.Environ(), "CURL_HOME="+s.dir)
	for name, value := range variables {
		c.Env = append(c.Env, name+"="+value)
	}
	var out, complaints bytes.Buffer
	c.Stdout, c.Stderr = &out, &complaints
	if err := c.Run(); err != nil && !strings.Contains(script, "--no-buffer") { // a stream, which is ended by the time
		s.Errorf("%v\n%s\n%s", err, complaints.String(), script)
	}
	return out.String()
}

// configure writes what curl does besides what its command line says.
func (s shell) configure(lines ...string) {
	s.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, ".curlrc"), []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		s.Fatal(err)
	}
}

// TestTheExamplesOfCurlWork makes the call of each example. One that changes something is made as a dry run where there are dry runs; it, and
// what reads, must succeed, unless the state of what is there forbids it. Others need only have the right form.
func TestTheExamplesOfCurlWork(t *testing.T) {
	for _, program := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("scripts/setup --for test installs %s: %v", program, err)
		}
	}
	s := newServer(t)
	setups, operations := s.described()
	sh := shell{s, t.TempDir()}
	if err := os.WriteFile(filepath.Join(sh.dir, "users.csv"), []byte("User name,Email,Activation type,Password\ngus,,ADMIN_ACTIVATE,Books-and-ink-7\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.token = sh.signIn(setups)
	ids := s.fixtures()
	sh.run(forThisServer(setups["curl-portal"]), "clara\n"+peoplesPassword+"\n", map[string]string{"SERVER": s.Endpoint})
	succeeded := 0
	for _, o := range operations {
		if len(o.Samples) == 0 || o.Samples[0].Label != "curl" {
			if o.ID != "OpenDisplay" {
				t.Errorf("%s has no example for curl", o.ID)
			}
			continue
		}
		variables := s.variables(o, ids)
		unknown := o.complete(variables)
		status, answer := sh.call(o, variables)
		mustSucceed := (o.method == http.MethodGet || o.DryRun) && !o.elsewhere() && status != http.StatusConflict && !(unknown && status == http.StatusNotFound)
		switch {
		case status >= 200 && status < 300:
			succeeded++
		case refused[o.ID] != "":
			t.Logf("%s: %d, as %s", o.ID, status, refused[o.ID])
		case mustSucceed, status == http.StatusBadRequest, status == http.StatusMethodNotAllowed, status == http.StatusUnsupportedMediaType,
			status >= 500, status == 0, strings.Contains(answer, "APIGW."):
			t.Errorf("%s: %d %s\n%s", o.ID, status, answer, o.Samples[0].Source)
		default:
			t.Logf("%s: %d %s", o.ID, status, strings.TrimSpace(answer))
		}
	}
	if want := len(operations) * 4 / 5; succeeded < want {
		t.Errorf("%d examples succeeded, want %d of %d", succeeded, want, len(operations))
	}
}

// refused are examples that this server refuses, with the reason.
var refused = map[string]string{
	"BatchDeleteOtpDevices": "nobody has an authenticator app",
	"DownloadMetadata":      "other directories are not supported",
	"DownloadSpMetadata":    "other directories are not supported",
	"ShowImageJob":          "the job is one of desktops",
}

// blank is a variable of an example.
var blank = regexp.MustCompile(`\$[A-Z][A-Z0-9_]*`)

// complete gives a value to variables that have none, and reports whether there are any.
func (o operation) complete(variables map[string]string) (unknown bool) {
	for _, name := range blank.FindAllString(o.Samples[0].Source, -1) {
		if _, known := variables[name[1:]]; !known {
			variables[name[1:]], unknown = "none", true
		}
	}
	return unknown
}

// elsewhere reports whether the operation is one of the identity API or of the portal.
func (o operation) elsewhere() bool {
	return !strings.Contains(o.path, "/{project_id}/") || strings.HasPrefix(o.path, "/v3/projects/") || strings.HasPrefix(o.path, "/v3.0/")
}

// signIn does what comes before the examples, as the administrator, and returns the token.
func (s shell) signIn(setups map[string]string) string {
	s.Helper()
	s.configure()
	setup := strings.NewReplacer("ACCOUNT=carrel USER_NAME=admin", "ACCOUNT="+s.DomainName+" USER_NAME="+s.UserName,
		"PROJECT_ID= ", "PROJECT_ID="+s.ProjectID+" ").Replace(forThisServer(setups["curl"]))
	token := strings.TrimSpace(s.run(setup+"\necho $TOKEN", s.Password+"\n", map[string]string{"SERVER": s.Endpoint}))
	if token == "" {
		s.Fatal("signing in gave no token")
	}
	return token
}

// forThisServer puts the server's address where a setup has one for show.
func forThisServer(setup string) string {
	return strings.Replace(setup, "https://carrel.example", "$SERVER", 1)
}

// call makes the call of an example and returns the status and what was answered.
func (s shell) call(o operation, variables map[string]string) (status int, answer string) {
	s.Helper()
	config := []string{"silent", "show-error", "max-time = 20", `write-out = "\n%{http_code}"`}
	if o.DryRun {
		config = append(config, `header = "X-Dry-Run: true"`)
	}
	if strings.Contains(o.Samples[0].Source, "--no-buffer") {
		config[2] = "max-time = 1"
	}
	s.configure(config...)
	out := strings.TrimSpace(s.run(o.Samples[0].Source, "", variables))
	at := strings.LastIndexByte(out, '\n') + 1
	status, _ = strconv.Atoi(out[at:]) // 0 is no status
	return status, out[:at]
}

// variables are those of an example: ids of what is there.
func (s *server) variables(o operation, ids map[string]string) map[string]string {
	all := maps.Clone(ids)
	maps.Copy(all, map[string]string{"CARREL": s.Endpoint, "TOKEN": s.token, "PROJECT_ID": s.ProjectID, "DOMAIN_ID": s.DomainID, "ACCOUNT": s.DomainName})
	switch {
	case strings.Contains(o.path, "/export-tasks"):
		all["TASK_ID"] = ids["EXPORT_ID"]
	case strings.Contains(o.path, "/script"):
		all["TASK_ID"] = ids["SCRIPT_TASK_ID"]
	case strings.HasPrefix(o.path, "/portal/"):
		all["ID"] = ids["DESKTOP_ID"]
		if strings.Contains(o.path, "/pools/") {
			all["ID"] = ids["POOL_ID"]
		}
		for _, name := range []string{"NEW_PASSWORD", "OLD_PASSWORD", "PASSWORD", "CODE", "CODE_TOKEN", "TOKEN", "LANGUAGE"} {
			all[name] = "en"
		}
		all["PASSWORD"] = peoplesPassword
	}
	if strings.Contains(o.path, "/volumes") && !strings.Contains(o.path, "/desktop-pools/") {
		all["VOLUME_ID"] = ids["DISK_ID"]
	}
	if strings.Contains(o.path, "/vpcs/{vpc_id}/subnets") {
		all["SUBNET_ID"] = ids["VPC_SUBNET_ID"]
	}
	if o.ID == "TakeBackPoolDesktops" {
		all["DESKTOP_ID"] = ids["POOL_DESKTOP_ID"]
	}
	if o.ID == "AttachInstances" || o.ID == "BatchAttachInstances" || o.ID == "BatchAssociateInstances" {
		all["DESKTOP_ID"] = ids["SPARE_ID"]
	}
	if o.elsewhere() && !strings.HasPrefix(o.path, "/portal/") {
		maps.Copy(all, s.identities(o))
	}
	return all
}

// identities makes what an operation of the identity API is about, for it alone: it may delete it.
func (s *server) identities(o operation) map[string]string {
	s.Helper()
	s.made++
	name := fmt.Sprintf("x%d", s.made)
	made := func(kind, path string, body object) object { return s.send("POST", path, object{kind: body}) }
	user := at(made("user", "/v3/users", object{"name": name}), "user", "id")
	group := at(made("group", "/v3/groups", object{"name": name}), "group", "id")
	role := at(made("role", "/v3.0/OS-ROLE/roles", object{"display_name": name, "type": "XA", "policy": object{
		"Version": "1.1", "Statement": []object{{"Effect": "Allow", "Action": []string{"workspace:desktops:list"}}},
	}}), "role", "id")
	key := at(made("credential", "/v3.0/OS-CREDENTIAL/credentials", object{"user_id": user}), "credential", "access")
	all := map[string]string{
		"USER_ID": user, "GROUP_ID": group, "ROLE_ID": role, "ACCESS_KEY": key, "ENTERPRISE_PROJECT_ID": "0", "X_SUBJECT_TOKEN": s.token, "AGENCY_NAME": "none",
		"ENCODED_MESSAGE": "none", "USER_NAME": s.UserName, "PASSWORD": s.Password, "NEW_PASSWORD": "Another-one-7", "SERIAL_NUMBER": "none",
		"AUTHENTICATION_CODE_FIRST": "000000", "AUTHENTICATION_CODE_SECOND": "000001",
	}
	switch {
	case o.ID == "KeystoneRemoveUserFromGroup", o.ID == "KeystoneCheckUserInGroup":
		s.send("PUT", "/v3/groups/"+group+"/users/"+user, nil)
	case o.ID == "KeystoneDeleteProject":
		all["PROJECT_ID"] = at(made("project", "/v3/projects", object{"name": name}), "project", "id")
	case o.ID == "DecodeAuthorizationMessage":
		all["ENCODED_MESSAGE"] = s.refusal(name)
	}
	return all
}

// refusal is what a caller without permissions is told, encoded.
func (s *server) refusal(name string) string {
	s.Helper()
	s.send("POST", "/v3/users", object{"user": object{"name": name + "-2", "password": "Nobody-at-all-7"}})
	token := s.token
	defer func() { s.token = token }()
	body := fmt.Sprintf(`{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":%q,"password":"Nobody-at-all-7","domain":{"name":%q}}}}}}`, name+"-2", s.DomainName)
	r, err := http.NewRequestWithContext(s.Context(), http.MethodPost, s.Endpoint+"/v3/auth/tokens", strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer answer.Body.Close()
	s.token = answer.Header.Get("X-Subject-Token")
	_, refused := s.try("GET", "/desktops", nil)
	return at(refused, "encoded_authorization_message")
}
