package static_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"carrel/internal/static"
)

func TestAFileIsCompressedAndSentOnce(t *testing.T) {
	long := strings.Repeat("the same words again; ", 100)
	ask := func(content string, header http.Header) *httptest.ResponseRecorder {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
		r.Header = header
		static.New("text/plain", []byte(content)).ServeHTTP(w, r)
		return w
	}
	plain := ask(long, http.Header{})
	if body, _ := io.ReadAll(plain.Body); string(body) != long || plain.Header().Get("Content-Encoding") != "" || plain.Header().Get("Content-Type") != "text/plain" {
		t.Errorf("plain: %v", plain.Header())
	}
	small := ask(long, http.Header{"Accept-Encoding": {"br, gzip"}})
	if small.Header().Get("Content-Encoding") != "gzip" || small.Header().Get("Vary") != "Accept-Encoding" {
		t.Fatalf("compressed: %v", small.Header())
	}
	unpacked, err := gzip.NewReader(small.Body)
	if err != nil {
		t.Fatal(err)
	}
	if body, _ := io.ReadAll(unpacked); string(body) != long {
		t.Errorf("compressed, it is another text")
	}
	again := ask(long, http.Header{"If-None-Match": {plain.Header().Get("ETag")}})
	if body, _ := io.ReadAll(again.Body); again.Code != http.StatusNotModified || len(body) > 0 {
		t.Errorf("to who has it: %d with %d bytes", again.Code, len(body))
	}
	if other := ask(long+"x", http.Header{"If-None-Match": {plain.Header().Get("ETag")}}); other.Code != http.StatusOK {
		t.Errorf("other content has the same tag: %d", other.Code)
	}
	if tiny := ask("x", http.Header{"Accept-Encoding": {"gzip"}}); tiny.Header().Get("Content-Encoding") != "" {
		t.Error("what compression makes larger is compressed")
	}
}
