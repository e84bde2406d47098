package iam

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
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

// canonicalRequests are the texts that clients may have signed for a request, worked out from the request as the server got it.
// Official clients differ in how they write the path and in which order they sign the values of a query's key; all forms say
// the same. contentHash is the last line.
func canonicalRequests(r *http.Request, signedHeaders []string, contentHash string) ([]string, error) {
	paths, err := canonicalPaths(r.URL.EscapedPath())
	if err != nil {
		return nil, err
	}
	queries, err := canonicalQueries(r.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	headers := canonicalHeaders(r, signedHeaders)
	var texts []string
	for _, path := range paths {
		for _, query := range queries {
			texts = append(texts, strings.Join([]string{
				r.Method, path, query, headers, strings.Join(signedHeaders, ";"), contentHash,
			}, "\n"))
		}
	}
	return texts, nil
}

// canonicalPaths are the forms of a path that clients sign, the documented one first. Each takes the path segment by segment, so
// that an escaped slash stays part of its segment. An endpoint that ends in a slash puts another before the path; some clients
// sign that slash and do not send it.
func canonicalPaths(escaped string) ([]string, error) {
	segments := strings.Split(strings.Trim(escaped, "/"), "/")
	documented, raw, legacy := slices.Clone(segments), slices.Clone(segments), slices.Clone(segments)
	for i, s := range segments {
		decoded, err := url.PathUnescape(s)
		if err != nil {
			return nil, fmt.Errorf("reading the path: %w", err)
		}
		documented[i] = escape(decoded)
		raw[i] = escape(s)                     // Java signs the path as it is on the wire
		legacy[i] = escape(urlParsed(decoded)) // Node signs what its url.parse makes of the path
	}
	var forms []string
	for _, form := range [][]string{documented, raw, legacy} {
		path := "/" + strings.Join(form, "/") + "/"
		if path == "//" {
			path = "/"
		}
		if !slices.Contains(forms, path) {
			forms = append(forms, path, "/"+path)
		}
	}
	return forms, nil
}

// urlParsed escapes what Node's url.parse escapes of itself.
func urlParsed(segment string) string {
	return urlParseEscapes.Replace(segment)
}

var urlParseEscapes = func() *strings.Replacer {
	var pairs []string
	for _, c := range "\t\n\r \"'<>\\^`{|}" {
		pairs = append(pairs, string(c), fmt.Sprintf("%%%02X", c))
	}
	return strings.NewReplacer(pairs...)
}()

// canonicalQueries are the forms of a query that clients sign: keys sorted, the values of a key sorted too (as documented) or in
// the order of the wire. It fails on a query that cannot be decoded: what was signed and what would be done could differ.
func canonicalQueries(raw string) ([]string, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, fmt.Errorf("reading the query: %w", err)
	}
	wire := joinQuery(values)
	for _, v := range values {
		slices.Sort(v)
	}
	return slices.Compact([]string{joinQuery(values), wire}), nil
}

func joinQuery(values url.Values) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(values)) {
		for _, v := range values[k] {
			parts = append(parts, escape(k)+"="+escape(v))
		}
	}
	return strings.Join(parts, "&")
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

// stringToSign returns the text that is signed with the key.
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
