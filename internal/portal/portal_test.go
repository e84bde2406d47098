package portal_test

import (
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	project  = "0123456789abcdef0123456789abcdef"
	password = "Let-me-in-1"
)

func TestForeignPagesChangeNothing(t *testing.T) {
	e := newEnv(t)
	c := e.signedIn("ada")
	for _, header := range []http.Header{
		{"Sec-Fetch-Site": {"cross-site"}}, {"Sec-Fetch-Site": {"same-site"}}, {"Origin": {"https://evil.example"}},
	} {
		c.with(header).call("POST", "desktops/"+e.desktop["running"]+"/ticket", "").is(403, "may not call")
	}
	c.with(http.Header{"Origin": {"https://desktops.example.org"}, "Sec-Fetch-Site": {"cross-site"}}).
		call("POST", "desktops/"+e.desktop["running"]+"/ticket", "").is(200, "ticket")
}

func TestLanguageIsRemembered(t *testing.T) {
	e := newEnv(t)
	c := e.signedIn("ada")
	c.call("PUT", "me/language", `{"language":"zh"}`).is(204, "")
	c.call("GET", "me", "").is(200, `"language":"zh"`)
	c.call("PUT", "me/language", `{"language":"xx"}`).is(400, "")
}

func TestPages(t *testing.T) {
	e := newEnv(t)
	c := e.browser()
	for _, address := range []string{"/", "/desktops/abc", "/first-password", "/enter?token=x"} {
		a := c.get(address)
		a.is(200, "the page")
		if !strings.Contains(a.header.Get("Content-Security-Policy"), "default-src 'self'") || a.header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: %v", address, a.header)
		}
	}
	c.get("/docs").is(200, "of the API")
	c.get("/docs.html").is(404, "")
	asset := c.get("/assets/a-1234.js")
	asset.is(200, "js")
	if asset.header.Get("Cache-Control") != "public, max-age=31536000, immutable" || asset.header.Get("Content-Encoding") != "gzip" {
		t.Errorf("asset: %v", asset.header)
	}
	c.with(http.Header{"If-None-Match": {asset.header.Get("ETag")}}).get("/assets/a-1234.js").is(304, "")
	c.get("/assets/gone.js").is(404, "")
	c.get("/index.html").is(404, "")
	unknown := c.get("/nonsense")
	unknown.is(404, `"error_msg":"there is no GET /nonsense"`)
	if kind := unknown.header.Get("Content-Type"); kind != "application/json" {
		t.Errorf("a program is told in %s", kind)
	}
	page := c.with(http.Header{"Accept": {"text/html,application/xhtml+xml,*/*;q=0.8"}}).get("/nonsense")
	page.is(404, "the page")
	if kind := page.header.Get("Content-Type"); !strings.HasPrefix(kind, "text/html") {
		t.Errorf("a browser is told in %s", kind)
	}
}
