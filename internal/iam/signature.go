package iam

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// The headers of a signed request.
const (
	dateHeader        = "X-Sdk-Date"
	contentHashHeader = "X-Sdk-Content-Sha256"
	unsignedPayload   = "UNSIGNED-PAYLOAD"
	dateLayout        = "20060102T150405Z"
)

// canonicalRequest is the text that a client signed, worked out from the request as the server got it: the decoded path
// and query, and the headers that the client says it signed. contentHash is the last line.
func canonicalRequest(r *http.Request, signedHeaders []string, contentHash string) (string, error) {
	query, err := canonicalQuery(r.URL.RawQuery)
	if err != nil {
		return "", err
	}
	return strings.Join([]string{
		strings.ToUpper(r.Method), canonicalPath(r.URL.Path), query, canonicalHeaders(r, signedHeaders),
		strings.Join(signedHeaders, ";"), contentHash,
	}, "\n"), nil
}

func canonicalPath(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		segments[i] = escape(s)
	}
	escaped := strings.Join(segments, "/")
	if !strings.HasSuffix(escaped, "/") {
		escaped += "/"
	}
	return escaped
}

// canonicalQuery fails on a query that cannot be decoded: what was signed and what would be done could differ.
func canonicalQuery(raw string) (string, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return "", fmt.Errorf("reading the query: %w", err)
	}
	keys := make([]string, 0, len(values))
	for k := range values {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	var parts []string
	for _, k := range keys {
		slices.Sort(values[k])
		for _, v := range values[k] {
			parts = append(parts, escape(k)+"="+escape(v))
		}
	}
	return strings.Join(parts, "&"), nil
}

func canonicalHeaders(r *http.Request, names []string) string {
	var b strings.Builder
	for _, name := range names {
		values := slices.Clone(r.Header.Values(name))
		if name == "host" {
			values = []string{r.Host} // net/http keeps it out of the header map
		}
		for i, v := range values {
			values[i] = strings.TrimSpace(v)
		}
		slices.Sort(values)
		for _, v := range values {
			b.WriteString(name + ":" + v + "\n")
		}
	}
	return b.String()
}

// stringToSign is what the key is applied to.
func stringToSign(date, canonical string) string {
	return algorithm + "\n" + date + "\n" + hexSHA256([]byte(canonical))
}

func sign(secretKey []byte, text string) string {
	mac := hmac.New(sha256.New, secretKey)
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

func hexSHA256(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// escape keeps letters, digits and "_-~." and writes every other byte as %XX.
func escape(s string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("_-~.", c) >= 0:
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', digits[c>>4], digits[c&15]})
		}
	}
	return b.String()
}
