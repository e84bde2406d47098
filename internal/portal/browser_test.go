package portal_test

import (
	"bufio"
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
)

// browser is one with its own cookies.
type browser struct {
	e      *env
	client *http.Client
	header http.Header
}

func (e *env) browser() browser {
	jar, err := cookiejar.New(nil)
	e.must(err)
	return browser{e, &http.Client{Jar: jar, Transport: e.server.Client().Transport}, nil}
}

func (e *env) signedIn(name string) browser {
	e.t.Helper()
	b := e.browser()
	b.call("POST", "sign-in", `{"user_name":"`+name+`","password":"`+password+`"}`).is(200, name)
	return b
}

// with returns the browser with headers of its own.
func (b browser) with(h http.Header) browser {
	b.header = h
	return b
}

func (b browser) call(method, path, body string) answer {
	b.e.t.Helper()
	return b.do(method, "/portal/api/"+path, body)
}

func (b browser) get(address string) answer {
	b.e.t.Helper()
	return b.with(merge(b.header, "Accept-Encoding", "gzip")).do("GET", address, "")
}

func merge(h http.Header, key, value string) http.Header {
	h = h.Clone()
	if h == nil {
		h = http.Header{}
	}
	h.Set(key, value)
	return h
}

func (b browser) request(method, address, body string) *http.Response {
	b.e.t.Helper()
	r, err := http.NewRequestWithContext(b.e.t.Context(), method, b.e.server.URL+address, strings.NewReader(body))
	b.e.must(err)
	maps.Copy(r.Header, b.header)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	response, err := b.client.Do(r)
	b.e.must(err)
	return response
}

func (b browser) do(method, address, body string) answer {
	b.e.t.Helper()
	response := b.request(method, address, body)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	b.e.must(err)
	if response.Header.Get("Content-Encoding") == "gzip" && bytes.HasPrefix(text, []byte{0x1f, 0x8b}) {
		text = []byte("gzipped js")
		if strings.Contains(response.Header.Get("Content-Type"), "html") {
			text = []byte("gzipped: the page")
		}
	}
	return answer{b.e.t, method + " " + address, response.StatusCode, response.Header, string(text)}
}

type answer struct {
	t      *testing.T
	call   string
	status int
	header http.Header
	body   string
}

func (a answer) is(status int, contains string) {
	a.t.Helper()
	if a.status != status || !strings.Contains(a.body, contains) {
		a.t.Errorf("%s: %d %s, want %d and %q", a.call, a.status, a.body, status, contains)
	}
}

// stream is an open event stream.
type stream struct {
	t     *testing.T
	lines *bufio.Reader
}

func (b browser) events() stream {
	b.e.t.Helper()
	response := b.request("GET", "/portal/api/desktops/events", "")
	b.e.t.Cleanup(func() { response.Body.Close() })
	if response.StatusCode != 200 || response.Header.Get("Content-Type") != "text/event-stream" {
		b.e.t.Fatalf("events: %v", response)
	}
	return stream{b.e.t, bufio.NewReader(response.Body)}
}

// next returns the data of the next event about desktops.
func (s stream) next() string {
	s.t.Helper()
	return s.nextOf("desktops")
}

// nextOf returns the data of the next event of a kind.
func (s stream) nextOf(kind string) string {
	s.t.Helper()
	for event := ""; ; {
		line, err := s.lines.ReadString('\n')
		if err != nil {
			s.t.Fatal(err)
		}
		if name, ok := strings.CutPrefix(line, "event: "); ok {
			event = strings.TrimSpace(name)
		}
		if data, ok := strings.CutPrefix(line, "data: "); ok && event == kind {
			return strings.TrimSpace(data)
		}
	}
}
