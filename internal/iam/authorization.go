package iam

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// algorithm is the only supported signature algorithm.
const algorithm = "SDK-HMAC-SHA256"

// Limits of an Authorization header, far above what clients send.
const (
	maxAccessKeyLength = 128
	maxSignedHeaders   = 64
	signatureDigits    = 64
)

// otherAlgorithms are the other algorithms that official clients support.
var otherAlgorithms = []string{"SDK-HMAC-SM3", "SDK-ECDSA-P256-SHA256", "SDK-SM2-SM3", "V11-HMAC-SHA256"}

var errNotSigned = errors.New("the Authorization header is not a signature")

// authorization is a parsed Authorization header.
type authorization struct {
	AccessKey     string
	SignedHeaders []string // lower case, in the order of the header
	Signature     string   // 64 lower-case hexadecimal digits
}

// parseAuthorization reads "SDK-HMAC-SHA256 Access=AK, SignedHeaders=a;b, Signature=hex". Spaces after the commas may be
// missing. It fails with errNotSigned when the header is of another scheme altogether.
func parseAuthorization(header string) (authorization, error) {
	name, rest, _ := strings.Cut(strings.TrimSpace(header), " ")
	if name != algorithm {
		if slices.Contains(otherAlgorithms, name) {
			return authorization{}, fmt.Errorf("algorithm %s is not supported, sign with %s", name, algorithm)
		}
		return authorization{}, errNotSigned
	}
	var a authorization
	seen := map[string]bool{}
	for part := range strings.SplitSeq(rest, ",") {
		key, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok || seen[key] {
			return authorization{}, errors.New("the Authorization header must be: Access=..., SignedHeaders=..., Signature=..., each once")
		}
		seen[key] = true
		switch key {
		case "Access":
			a.AccessKey = value
		case "SignedHeaders":
			a.SignedHeaders = strings.Split(value, ";")
		case "Signature":
			a.Signature = value
		default:
			return authorization{}, fmt.Errorf("the Authorization header has an unknown part %.32q", key)
		}
	}
	return a, a.check()
}

func (a authorization) check() error {
	switch {
	case a.AccessKey == "":
		return errors.New("the Authorization header lacks Access")
	case len(a.AccessKey) > maxAccessKeyLength || strings.ContainsFunc(a.AccessKey, notGraphic):
		return errors.New("the part Access is not an access key")
	case len(a.SignedHeaders) > maxSignedHeaders:
		return fmt.Errorf("the part SignedHeaders names more than %d headers", maxSignedHeaders)
	case slices.ContainsFunc(a.SignedHeaders, notHeaderName):
		return errors.New("the part SignedHeaders must be lower-case header names joined by semicolons")
	case !slices.Contains(a.SignedHeaders, "x-sdk-date"):
		return errors.New("the part SignedHeaders lacks x-sdk-date")
	case len(a.Signature) != signatureDigits || strings.Trim(a.Signature, "0123456789abcdef") != "":
		return fmt.Errorf("the part Signature is not %d lower-case hexadecimal digits", signatureDigits)
	}
	return nil
}

func notGraphic(r rune) bool { return r <= ' ' || r > '~' }

func notHeaderName(s string) bool {
	return s == "" || strings.ContainsFunc(s, func(r rune) bool {
		return notGraphic(r) || r >= 'A' && r <= 'Z' || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}
