package app_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carrel/internal/app"
)

// administrator signs in and returns a token and the project.
func administrator(t *testing.T, a *app.App, data string) (token, project string) {
	t.Helper()
	var first struct {
		Domain   string `json:"domain_name"`
		Project  string `json:"project_id"`
		User     string `json:"user_name"`
		Password string `json:"password"`
	}
	text, err := os.ReadFile(filepath.Join(data, "bootstrap.json"))
	if err == nil {
		err = json.Unmarshal(text, &first)
	}
	if err != nil {
		t.Fatal(err)
	}
	body := fmt.Sprintf(`{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":%q,"password":%q,"domain":{"name":%q}}}},"scope":{"project":{"id":%q}}}}`,
		first.User, first.Password, first.Domain, first.Project)
	_, header, _ := posted(t, "http://"+a.Address()+"/v3/auth/tokens", "", strings.NewReader(body))
	return header.Get("X-Subject-Token"), first.Project
}

// posted sends a body and returns the answer to it.
func posted(t *testing.T, url, token string, body io.Reader) (status int, header http.Header, text string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Auth-Token", token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	read, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, answer.Header, string(read)
}

// Three bodies of 8 MB under way take all of the memory that there is for large ones.
func TestLargeBodiesBeyondTheirMemoryAreAskedToComeAgain(t *testing.T) {
	t.Parallel()
	config := app.Defaults()
	config.Data, config.Listen, config.Engine = t.TempDir(), "127.0.0.1:0", "sim"
	config.Deadlines.Call = 12 * time.Second // they wait a sixth of it
	a := started(t, config)
	token, project := administrator(t, a, config.Data)
	path := "/v2/" + project + "/desktops/attach"
	large := bytes.Repeat([]byte(" "), 8<<20)

	var under []net.Conn
	for range 3 {
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", a.Address())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		under = append(under, c)
		if _, err := fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\nX-Auth-Token: %s\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", path, token, len(large)); err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") { // it has its memory
			t.Fatal(line, err)
		}
	}
	status, header, text := posted(t, "http://"+a.Address()+path, token, bytes.NewReader(large))
	if status != http.StatusServiceUnavailable || header.Get("Retry-After") == "" || !strings.Contains(text, "try again") {
		t.Errorf("without memory: %d, %v, %s", status, header, text)
	}
	if status, _, text := posted(t, "http://"+a.Address()+path, token, strings.NewReader(`{"desktops":[]}`)); status != http.StatusBadRequest {
		t.Errorf("a small one beside them: %d, %s", status, text)
	}
	for _, c := range under {
		c.Close()
	}
	if status, _, text := posted(t, "http://"+a.Address()+path, token, bytes.NewReader(large)); status != http.StatusBadRequest {
		t.Errorf("after they ended: %d, %s", status, text)
	}
}

// A refusal must reach a client that first sends all that it has, and only then reads: when the connection closes before, it sees that
// break and not why.
func TestARefusalArrivesWhoeverSends(t *testing.T) {
	t.Parallel()
	a, config, _ := simulated(t)
	token, project := administrator(t, a, config.Data)
	for name, c := range map[string]struct {
		path, token string
		size, want  int
	}{
		"AnUnknownCaller":    {"/desktops", "", 6 << 20, http.StatusUnauthorized},
		"AnotherProject":     {"x/desktops", token, 6 << 20, http.StatusNotFound},
		"TooLargeForACall":   {"/desktops", token, 6 << 20, http.StatusRequestEntityTooLarge},
		"TooLargeForAnyCall": {"/desktops", token, 20 << 20, http.StatusRequestEntityTooLarge},
		"NoOperation":        {"/nothing", token, 6 << 20, http.StatusNotFound},
		"NoOperationUnknown": {"/nothing", "", 20 << 20, http.StatusRequestEntityTooLarge},
	} {
		for range 5 {
			client, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", a.Address())
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			_, err = fmt.Fprintf(client, "POST /v2/%s%s HTTP/1.1\r\nHost: x\r\nX-Auth-Token: %s\r\nContent-Length: %d\r\n\r\n%s",
				project, c.path, c.token, c.size, bytes.Repeat([]byte(" "), c.size))
			if err != nil {
				t.Errorf("%s: sending: %v", name, err)
				continue
			}
			if line, err := bufio.NewReader(client).ReadString('\n'); err != nil || !strings.Contains(line, fmt.Sprint(c.want)) {
				t.Errorf("%s: got %q %v, want %d", name, line, err, c.want)
			}
		}
	}
}
