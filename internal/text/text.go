// Package text normalises text from clients before it is parsed: it refuses characters that a database cannot store, and composes the rest
// (Unicode NFC), so that names and passwords that look the same are equal.
package text

import (
	"bytes"
	"errors"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// What is wrong with texts.
var (
	ErrNotUTF8 = errors.New("it is not UTF-8")
	ErrNUL     = errors.New(`a text holds the character NUL (\u0000), which cannot be kept`)
	ErrHalf    = errors.New(`it holds half of a character (such as \ud800 alone), which is no text`)
)

// Check says what is wrong with a text, or nil.
func Check(s string) error {
	switch {
	case !utf8.ValidString(s):
		return ErrNotUTF8
	case bytes.IndexByte([]byte(s), 0) >= 0:
		return ErrNUL
	}
	return nil
}

// NFC brings a text into Unicode's composed form.
func NFC(s string) string { return norm.NFC.String(s) }

// JSON brings the strings of a JSON text into Unicode's composed form, whether their characters are escaped or not. It returns data
// itself when nothing is to be done. What is no JSON is left for the decoder to refuse. An error is a *Fault with ErrNotUTF8, ErrNUL or
// ErrHalf.
func JSON(data []byte) ([]byte, error) {
	if !utf8.Valid(data) { // which is faster than looking where
		at := firstInvalid(data)
		return nil, &Fault{placeIn(data[:at]), ErrNotUTF8}
	}
	if !bytes.Contains(data, []byte(`\u`)) && norm.NFC.IsNormal(data) {
		return data, nil
	}
	out := make([]byte, 0, len(data))
	start := 0 // of what is not yet composed, in out
	compose := func() { out = append(out[:start], norm.NFC.Bytes(out[start:])...) }
	inString := false
	for i := 0; i < len(data); {
		if data[i] != '\\' || !inString { // an escape between strings is a mistake, which must stay one
			if data[i] == '"' {
				inString = !inString
			}
			out = append(out, data[i])
			i++
			continue
		}
		r, size := escaped(data[i:])
		switch {
		case size > 2 && r == 0:
			return nil, &Fault{placeIn(data[:i]), ErrNUL}
		case isHalf(data[i:], r):
			return nil, &Fault{placeIn(data[:i]), ErrHalf}
		case size > 2 && r >= ' ' && r != '"' && r != '\\' && r != utf8.RuneError:
			out = utf8.AppendRune(out, r)
		default: // an escape that has to stay is no part of what is composed
			compose()
			out = append(out, data[i:i+size]...)
			start = len(out)
		}
		i += size
	}
	compose()
	return out, nil
}

// firstInvalid returns where the first byte is that is not UTF-8, or the length.
func firstInvalid(data []byte) int {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(data)
}

// isHalf reports whether an escape, which was read as r, is a surrogate without its other half.
func isHalf(data []byte, r rune) bool {
	first, ok := unit(data)
	return ok && r == utf8.RuneError && utf16.IsSurrogate(first)
}

// escaped reads an escape. One that is no character of its own is utf8.RuneError.
func escaped(data []byte) (r rune, size int) {
	first, ok := unit(data)
	if !ok {
		return utf8.RuneError, min(2, len(data))
	}
	if !utf16.IsSurrogate(first) {
		return first, 6
	}
	second, ok := unit(data[6:])
	if r := utf16.DecodeRune(first, second); ok && r != utf8.RuneError {
		return r, 12
	}
	return utf8.RuneError, 6
}

// unit reads \uXXXX.
func unit(data []byte) (rune, bool) {
	if len(data) < 6 || data[0] != '\\' || data[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(data[2:6]), 16, 16)
	return rune(n), err == nil
}
