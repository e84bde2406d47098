package iam_test

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"carrel/internal/iam"
)

// parts are what a signed request consists of, decoded: method, path, keys and values of the query, values of headers, the authorization, and the body.
type parts [][]byte

// The places of parts. Keys and values of the query come between the path and the rest.
const (
	methodPart = 0
	pathPart   = 1
)

// request puts parts together. False: they are no request that a server of net/http would accept.
func (p parts) request() (*http.Request, []byte, bool) {
	n := len(p)
	date, extra, auth, body := string(p[n-4]), string(p[n-3]), string(p[n-2]), p[n-1]
	query := url.Values{}
	for i := pathPart + 1; i < n-4; i += 2 {
		query.Add(string(p[i]), string(p[i+1]))
	}
	path := string(p[pathPart])
	for _, header := range []string{date, extra, auth} {
		if strings.ContainsAny(header, "\r\n\x00") {
			return nil, nil, false
		}
	}
	if !strings.HasPrefix(path, "/") {
		return nil, nil, false
	}
	u := &url.URL{Scheme: "http", Host: "carrel.test", Path: path, RawQuery: strings.ReplaceAll(query.Encode(), "+", "%20")}
	return &http.Request{
		Method: string(p[methodPart]), URL: u, Host: u.Host, Body: io.NopCloser(bytes.NewReader(body)),
		Header: http.Header{"X-Sdk-Date": {date}, "X-Strange": {extra}, "Authorization": {auth}},
	}, body, true
}

// means is what a request asks for: two requests that mean the same may both be accepted.
func (p parts) means() string {
	n := len(p)
	query := map[string][]string{}
	for i := pathPart + 1; i < n-4; i += 2 {
		query[string(p[i])] = append(query[string(p[i])], string(p[i+1]))
	}
	var b strings.Builder
	for _, part := range [][]byte{p[methodPart], []byte(strings.Trim(string(p[pathPart]), "/")), bytes.TrimSpace(p[n-4]), bytes.TrimSpace(p[n-3]), p[n-2], p[n-1]} {
		b.Write(part)
		b.WriteByte(0)
	}
	for _, key := range slices.Sorted(maps.Keys(query)) {
		b.WriteString(key + "\x00" + strings.Join(slices.Sorted(slices.Values(query[key])), "\x00"))
	}
	return b.String()
}

// flipped returns parts with one bit changed.
func (p parts) flipped(part, bit int) parts {
	q := slices.Clone(p)
	q[part] = bytes.Clone(p[part])
	q[part][bit/8] ^= 1 << (bit % 8)
	return q
}

// signedParts draws a request, and signs it as the rules say.
func signedParts(t *rapid.T, k key) parts {
	method := rapid.SampledFrom([]string{"GET", "POST", "PUT", "DELETE", "PATCH"}).Draw(t, "method")
	text := rapid.StringOfN(rapid.RuneFrom([]rune("abcXYZ019 -_.~+&=,;:@'\"桌é*()")), 1, 8, -1)
	segments := rapid.SliceOfN(text, 1, 4).Draw(t, "path")
	escaped := make([]string, len(segments))
	for i, s := range segments {
		escaped[i] = url.PathEscape(s)
	}
	query := rapid.SliceOfN(text, 0, 3).Draw(t, "query")
	values := url.Values{}
	for i, name := range query {
		values.Add(name, strings.Repeat("v", i))
	}
	target := "/" + strings.Join(escaped, "/")
	if len(values) > 0 {
		target += "?" + strings.ReplaceAll(values.Encode(), "+", "%20")
	}
	body := rapid.SliceOfN(rapid.Byte(), 0, 24).Draw(t, "body")
	strange := strings.TrimSpace(text.Draw(t, "header"))

	r := signedWith(k, method, target, string(body), "x-strange", strange)
	p := parts{[]byte(method), []byte("/" + strings.Join(segments, "/"))}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		for _, v := range values[name] {
			p = append(p, []byte(name), []byte(v))
		}
	}
	return append(p, []byte(r.Header.Get("X-Sdk-Date")), []byte(strange), []byte(r.Header.Get("Authorization")), body)
}

// TestAChangeOfOneBitIsRefused draws ten requests for each example: of one it changes every bit, of each other some.
func TestAChangeOfOneBitIsRefused(t *testing.T) {
	k := key{access: "ACCESSKEY", secret: strings.Repeat("s3cret", 6)}
	rapid.Check(t, func(t *rapid.T) {
		for n := range 10 {
			p := signedParts(t, k)
			r, body, ok := p.request()
			if !ok || !iam.SignatureHolds(r, []byte(k.secret), body) {
				t.Fatalf("what was signed is refused: %q", p)
			}
			check := func(part, bit int) {
				changed := p.flipped(part, bit)
				r, body, ok := changed.request()
				known := bytes.Contains(changed[len(changed)-2], []byte("Access="+k.access+",")) // another key has another secret
				if ok && known && changed.means() != p.means() && iam.SignatureHolds(r, []byte(k.secret), body) {
					t.Fatalf("%q is accepted, signed was %q", changed, p)
				}
			}
			if n == 0 {
				for part := range p {
					for bit := range 8 * len(p[part]) {
						check(part, bit)
					}
				}
				continue
			}
			for range 20 {
				part := rapid.IntRange(0, len(p)-1).Draw(t, "part")
				if len(p[part]) > 0 {
					check(part, rapid.IntRange(0, 8*len(p[part])-1).Draw(t, "bit"))
				}
			}
		}
	})
}

// A method in lower case is another one.
func TestAMethodIsSignedAsItIs(t *testing.T) {
	k := key{access: "ACCESSKEY", secret: "secret"}
	r := signed(k, "GET", "/v2/p/desktops", "")
	if !iam.SignatureHolds(r, []byte(k.secret), nil) {
		t.Fatal("what was signed is refused")
	}
	r.Method = "gET"
	if iam.SignatureHolds(r, []byte(k.secret), nil) {
		t.Error("gET is accepted, signed was GET")
	}
}
