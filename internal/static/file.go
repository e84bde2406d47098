// Package static serves content that stays the same while the program runs, compressed where that makes it smaller, and again only to browsers
// that do not have it yet.
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"
)

// File is content with its type. Its methods may be called concurrently.
type File struct {
	plain []byte
	kind  string
	etag  string
	gzip  func() []byte // nil content when that is no smaller
}

// New returns a file. It keeps the content, which must not change. It is compressed when that is first asked for.
func New(contentType string, content []byte) *File {
	sum := sha256.Sum256(content)
	return &File{plain: content, kind: contentType, etag: `"` + hex.EncodeToString(sum[:12]) + `"`, gzip: sync.OnceValue(func() []byte {
		return compress(content)
	})}
}

func compress(plain []byte) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is valid
	_, _ = z.Write(plain)                                 // a buffer takes everything
	_ = z.Close()
	if b.Len() >= len(plain) {
		return nil
	}
	return b.Bytes()
}

// ServeHTTP implements http.Handler. Who calls it sets Cache-Control.
func (f *File) ServeHTTP(w http.ResponseWriter, r *http.Request) {
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
	_, _ = w.Write(body) // net/http drops it for HEAD; an error means that the client is gone
}

// ServeAs writes the content with a status of the caller's, such as that of a page which says that there is none.
func (f *File) ServeAs(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", f.kind)
	w.WriteHeader(status)
	_, _ = w.Write(f.plain) // an error means that the client is gone
}
