package recording

import (
	"archive/zip"
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// sign signs a request with the first administrator's key. The SDK's own signing is tried in test/sdk, a module of its own.
func (p *player) sign(r *http.Request, body []byte) {
	p.Helper()
	date := time.Now().UTC().Format("20060102T150405Z")
	query := strings.ReplaceAll(r.URL.Query().Encode(), "+", "%20")
	text := strings.Join([]string{
		r.Method, strings.TrimSuffix(r.URL.EscapedPath(), "/") + "/", query, "x-sdk-date:" + date + "\n", "x-sdk-date",
		fmt.Sprintf("%x", sha256.Sum256(body)),
	}, "\n")
	mac := hmac.New(sha256.New, []byte(p.server.Bootstrap.SecretKey))
	fmt.Fprintf(mac, "SDK-HMAC-SHA256\n%s\n%x", date, sha256.Sum256([]byte(text)))
	r.Header.Set("X-Sdk-Date", date)
	r.Header.Set("Authorization", fmt.Sprintf("SDK-HMAC-SHA256 Access=%s, SignedHeaders=x-sdk-date, Signature=%x",
		p.server.Bootstrap.AccessKey, mac.Sum(nil)))
}

// codeOf is what an authenticator app shows for a secret, some codes from now.
func (p *player) codeOf(secret string, later int64) string {
	p.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.TrimRight(secret, "="))
	if err != nil {
		p.Fatalf("secret %q: %v", secret, err)
	}
	mac := hmac.New(sha1.New, key)
	if err := binary.Write(mac, binary.BigEndian, time.Now().Unix()/30+later); err != nil {
		p.Fatal(err)
	}
	sum := mac.Sum(nil)
	from := sum[len(sum)-1] & 0xf
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[from:])&0x7fffffff)%1_000_000)
}

// readEvents reads so many events with data of a stream.
func readEvents(t *testing.T, body io.Reader, n int) []byte {
	t.Helper()
	var events []string
	var event string
	for lines := bufio.NewScanner(body); len(events) < n && lines.Scan(); {
		switch line := lines.Text(); {
		case line != "":
			event += line + "\n"
		case strings.Contains(event, "data: "):
			events = append(events, event)
			event = ""
		default:
			event = ""
		}
	}
	if len(events) < n {
		t.Fatalf("the stream ended after %d events", len(events))
	}
	slices.Sort(events)
	return []byte(strings.Join(events, ""))
}

var cell = regexp.MustCompile(`<t[ >][^<]*</t>|<t>[^<]*</t>|<row `)

// sheetOf shows the texts of a workbook's cells, a row on each line.
func sheetOf(t *testing.T, workbook []byte) string {
	t.Helper()
	files, err := zip.NewReader(bytes.NewReader(workbook), int64(len(workbook)))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, f := range files.File {
		if !strings.Contains(f.Name, "worksheets/sheet") && !strings.Contains(f.Name, "sharedStrings") {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "%s:", f.Name)
		for _, text := range cell.FindAllString(string(content), -1) {
			if text == "<row " {
				out.WriteString("\n ")
				continue
			}
			fmt.Fprintf(&out, " [%s]", strings.TrimSuffix(text[strings.IndexByte(text, '>')+1:], "</t>"))
		}
		out.WriteString("\n")
	}
	return strings.TrimSpace(out.String())
}
