package secret

import (
	"bufio"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

// KeyFile is the name of the key file in the data directory. Each line is one key of 64 hexadecimal digits; the first
// seals. To rotate, put a new key on top and keep the old ones until nothing is sealed with them (Box.Stale).
const KeyFile = "secret.key"

const (
	keyIDDigits  = 16
	keyFileLimit = 64 << 10 // bytes; far more than anyone rotates through
	keyFileHead  = "# The key of this Carrel installation. Keep it secret and back it up: without it, sealed values are lost.\n"
)

// OpenBox reads the key file of a data directory, and creates both at the first start. Processes that start concurrently get the same key. It
// refuses a key file that is readable by others than its owner.
func OpenBox(dir string) (*Box, error) {
	path := filepath.Join(dir, KeyFile)
	box, err := ReadBox(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return box, err
	}
	if err := createKeyFile(dir, path); err != nil {
		return nil, fmt.Errorf("creating the key file: %w", err)
	}
	return ReadBox(path)
}

// ReadBox reads an existing key file, such as one that several replicas share, or returns fs.ErrNotExist. It refuses a file that is readable
// by others than its owner.
func ReadBox(path string) (*Box, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening the key file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat() // of the open file, so that it cannot be exchanged in between
	if err != nil {
		return nil, fmt.Errorf("looking at the key file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("the key file %s is not a regular file", path)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("the key file %s can be read or changed by others (mode %04o): run chmod 600 on it", path, mode)
	}
	text, err := io.ReadAll(io.LimitReader(f, keyFileLimit))
	if err != nil {
		return nil, fmt.Errorf("reading the key file: %w", err)
	}
	box, err := ParseBox(string(text))
	if err != nil {
		return nil, fmt.Errorf("reading the key file %s: %w", path, err)
	}
	return box, nil
}

// ParseBox returns the Box of the text of a key file.
func ParseBox(text string) (*Box, error) {
	var keys [][]byte
	lines := bufio.NewScanner(strings.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, err := hex.DecodeString(line)
		if err != nil || len(key) != chacha20poly1305.KeySize {
			return nil, fmt.Errorf("line %d is not a key of 64 hexadecimal digits", n) // without the line: it may be a key
		}
		keys = append(keys, key)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading keys: %w", err)
	}
	if len(keys) == 0 {
		return nil, errors.New("no key given")
	}
	return newBox(keys)
}

// WriteKeyFile generates a key and writes it to a new file with mode 0600, to be copied to all replicas. It returns fs.ErrExist if the file
// exists, so that a key in use is never replaced.
func WriteKeyFile(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("making the key file: %w", err)
	}
	_, err = f.WriteString(newKeyText())
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(fmt.Errorf("writing the key file: %w", err), os.Remove(path))
	}
	return syncDir(filepath.Dir(path))
}

// newKeyText is the text of a key file with one new key.
func newKeyText() string {
	var key [chacha20poly1305.KeySize]byte
	rand.Read(key[:]) // never fails: crypto/rand ends the program instead
	return keyFileHead + hex.EncodeToString(key[:]) + "\n"
}

// createKeyFile writes a new key beside path and links it there: a link never replaces a file, so the first process wins and a reader sees the
// complete file or none.
func createKeyFile(dir, path string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, KeyFile+".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(newKeyText())
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// keyID identifies a key without revealing it.
func keyID(key []byte) string {
	sum := sha256.Sum256(append([]byte("carrel key id\x00"), key...))
	return hex.EncodeToString(sum[:])[:keyIDDigits]
}
