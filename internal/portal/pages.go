package portal

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"

	"carrel/internal/signin"
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
// revalidated each time. index.html is served for every path that the frontend can show.
type pages struct {
	files map[string]*file // by path without the leading slash
	mux   *http.ServeMux
}

type file struct {
	plain []byte
	kind  string
	etag  string
	gzip  func() []byte // nil content when that is no smaller
}

func newPages(built fs.FS) (*pages, error) {
	p := &pages{files: map[string]*file{}, mux: http.NewServeMux()}
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
	for _, address := range []string{
		"GET /{$}", "GET /enter", "GET /first-password", "GET /first-password/{token}", "GET /desktops/{id}", "GET /pools/{id}",
	} {
		p.mux.HandleFunc(address, p.serveIndex)
	}
	p.mux.HandleFunc("GET /", p.serveFile)
	p.mux.HandleFunc("/", p.notFound)
	return p, err
}

func newFile(name string, plain []byte) *file {
	sum := sha256.Sum256(plain)
	kind := mime.TypeByExtension(path.Ext(name))
	if kind == "" {
		kind = http.DetectContentType(plain)
	}
	return &file{plain: plain, kind: kind, etag: `"` + hex.EncodeToString(sum[:12]) + `"`, gzip: sync.OnceValue(func() []byte {
		return compress(plain)
	})}
}

func compress(plain []byte) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is valid
	z.Write(plain)
	z.Close()
	if b.Len() >= len(plain) {
		return nil
	}
	return b.Bytes()
}

func (p *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

func (p *pages) serveIndex(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-cache")
	p.files["index.html"].serve(w, r)
}

func (p *pages) serveFile(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	f := p.files[name]
	if f == nil || name == "index.html" { // which is for the addresses that it knows to show
		p.notFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "no-cache")
	if strings.HasPrefix(name, "assets/") {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	f.serve(w, r)
}

// notFound answers unknown paths: to browsers with the page, which says so in the user's language, to programs with JSON.
func (p *pages) notFound(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Add("Vary", "Accept")
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		_ = noSuchCall(w, r, signin.Visitor{})
		return
	}
	f := p.files["index.html"]
	w.Header().Set("Content-Type", f.kind)
	w.WriteHeader(http.StatusNotFound)
	_, _ = w.Write(f.plain) // if this fails the browser has gone
}

func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("ETag", f.etag)
	h.Add("Vary", "Accept-Encoding")
	if strings.Contains(r.Header.Get("If-None-Match"), f.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := f.plain
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") && f.gzip() != nil {
		h.Set("Content-Encoding", "gzip")
		body = f.gzip()
	}
	w.Write(body) // net/http drops it for HEAD
}
