package portal

import (
	"errors"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"

	"carrel/internal/signin"
	"carrel/internal/static"
)

// contentPolicy allows pages to load only content of this server. Images may be data URLs: displays draw pictures and pointers with them.
const contentPolicy = "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; " +
	"form-action 'self'; frame-ancestors 'none'"

// withHeaders sets security headers.
func withHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), usb=(), clipboard-read=(self), clipboard-write=(self)")
		next.ServeHTTP(w, r)
	})
}

// pages serves the built frontend. Files under assets/ have a hash of their content in their name and may be cached forever; index.html is
// revalidated each time. index.html is served for every path that the portal can show, docs.html for the API's documentation, console.html for
// whatever is below /console/.
type pages struct {
	files map[string]*static.File // by path without the leading slash
	mux   *http.ServeMux
}

func newPages(built fs.FS) (*pages, error) {
	p := &pages{files: map[string]*static.File{}, mux: http.NewServeMux()}
	err := fs.WalkDir(built, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		plain, err := fs.ReadFile(built, name)
		if err != nil {
			return err
		}
		p.files[name] = newFile(name, plain)
		return nil
	})
	if err == nil && p.files["index.html"] == nil {
		err = errors.New("there is no index.html")
	}
	if err != nil {
		return nil, err
	}
	for _, address := range []string{
		"GET /{$}", "GET /enter", "GET /first-password", "GET /first-password/{token}", "GET /desktops/{id}", "GET /pools/{id}",
	} {
		p.mux.HandleFunc(address, p.serving("index.html"))
	}
	p.mux.HandleFunc("GET /docs", p.serving("docs.html"))
	p.mux.HandleFunc("GET /console/", p.serving("console.html"))
	p.mux.HandleFunc("GET /", p.serveFile)
	p.mux.HandleFunc("/", p.notFound)
	return p, nil
}

func newFile(name string, content []byte) *static.File {
	kind := mime.TypeByExtension(path.Ext(name))
	if kind == "" {
		kind = http.DetectContentType(content)
	}
	return static.New(kind, content)
}

func (p *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// serving serves a page, or index.html if it is not built in.
func (p *pages) serving(name string) http.HandlerFunc {
	f := p.files[name]
	if f == nil {
		f = p.files["index.html"]
	}
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		f.ServeHTTP(w, r)
	}
}

func (p *pages) serveFile(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	f := p.files[name]
	if f == nil || path.Ext(name) == ".html" { // which are for the addresses that they know to show
		p.notFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "no-cache")
	if strings.HasPrefix(name, "assets/") {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	f.ServeHTTP(w, r)
}

// notFound answers unknown paths: to browsers with the page, which says so in the user's language, to programs with JSON.
func (p *pages) notFound(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Add("Vary", "Accept")
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		_ = noSuchCall(w, r, signin.Visitor{})
		return
	}
	p.files["index.html"].ServeAs(w, http.StatusNotFound)
}
