package secret_test

import (
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"carrel/internal/secret"
)

const (
	oldKey = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	newKey = "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff000102030405060708090a0b0c0d0e0f"
)

func box(t *testing.T, text string) *secret.Box {
	t.Helper()
	b, err := secret.ParseBox(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBox(t *testing.T) {
	b := box(t, oldKey)

	t.Run("GivesBackWhatWasSealed", func(t *testing.T) {
		for _, plain := range []string{"", "s", "桌面\x00\xff", strings.Repeat("long ", 10_000)} {
			got, err := b.Open(b.Seal(plain, "row/1"), "row/1")
			if err != nil || string(got) != plain {
				t.Errorf("Open(Seal(%.10q)) = %.10q, %v", plain, got, err)
			}
		}
	})
	t.Run("SealsTheSameValueDifferentlyEachTime", func(t *testing.T) {
		if b.Seal("same", "row/1") == b.Seal("same", "row/1") {
			t.Error("two sealed values are equal")
		}
	})
	t.Run("ShowsNothingOfTheValue", func(t *testing.T) {
		sealed := b.Seal("correct horse", "row/1")
		raw, err := base64.RawURLEncoding.DecodeString(sealed[strings.LastIndex(sealed, ".")+1:])
		if err != nil || strings.Contains(string(raw), "horse") {
			t.Errorf("sealed value %q, %v", raw, err)
		}
	})
	t.Run("RefusesAValueMovedToAnotherRow", func(t *testing.T) {
		if got, err := b.Open(b.Seal("secret", "row/1"), "row/2"); !errors.Is(err, secret.ErrAltered) || got != nil {
			t.Errorf("Open = %q, %v", got, err)
		}
	})
	t.Run("RefusesEverySingleChangedCharacter", func(t *testing.T) {
		sealed := b.Seal("secret", "row/1")
		for i := range sealed {
			altered := []byte(sealed)
			altered[i] ^= 1
			if got, err := b.Open(string(altered), "row/1"); err == nil || got != nil {
				t.Errorf("character %d changed: Open = %q, %v", i, got, err)
			}
		}
	})
	t.Run("RefusesWhatWasNeverSealed", func(t *testing.T) {
		id := strings.Split(b.Seal("", ""), ".")[1]
		for _, s := range []string{"", "plain", "v1..", "v2." + id + ".AAAA", "v1." + id + ".", "v1." + id + ".AAAA", "v1." + id + ".%%%"} {
			if _, err := b.Open(s, "row/1"); !errors.Is(err, secret.ErrNotSealed) {
				t.Errorf("Open(%q): %v", s, err)
			}
		}
	})
	t.Run("RotatesKeysWithoutLosingWhatOlderOnesSealed", func(t *testing.T) {
		sealed := b.Seal("secret", "row/1")
		rotated := box(t, "# newest first\n"+newKey+"\n\n"+oldKey+"\n")
		if got, err := rotated.Open(sealed, "row/1"); err != nil || string(got) != "secret" {
			t.Fatalf("Open = %q, %v", got, err)
		}
		resealed := rotated.Seal("secret", "row/1")
		if !rotated.Stale(sealed) || rotated.Stale(resealed) || b.Stale(sealed) {
			t.Error("only the value under the older key is stale")
		}
		if _, err := b.Open(resealed, "row/1"); !errors.Is(err, secret.ErrUnknownKey) {
			t.Errorf("the older key alone: %v", err)
		}
	})
}

func TestKeyFile(t *testing.T) {
	t.Run("IsMadeOnceAndOnlyForItsOwner", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "data")
		first, err := secret.OpenBox(dir)
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(filepath.Join(dir, secret.KeyFile))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Fatalf("mode %v, %v", info.Mode(), err)
		}
		second, err := secret.OpenBox(dir)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := second.Open(first.Seal("kept", "row"), "row"); err != nil || string(got) != "kept" {
			t.Errorf("after a restart: %q, %v", got, err)
		}
	})
	t.Run("IsOneForAllWhoStartAtOnce", func(t *testing.T) {
		dir := t.TempDir()
		var boxes [20]*secret.Box
		var all sync.WaitGroup
		for i := range boxes {
			all.Go(func() {
				b, err := secret.OpenBox(dir)
				if err != nil {
					t.Error(err)
				}
				boxes[i] = b
			})
		}
		all.Wait()
		sealed := boxes[0].Seal("x", "row")
		for i, b := range boxes {
			if _, err := b.Open(sealed, "row"); err != nil {
				t.Errorf("process %d: %v", i, err)
			}
		}
		if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
			t.Errorf("files left: %v, %v", files, err)
		}
	})
	t.Run("IsRefusedWhenOthersMayReadIt", func(t *testing.T) {
		for _, mode := range []fs.FileMode{0o640, 0o604, 0o602} {
			dir := t.TempDir()
			path := filepath.Join(dir, secret.KeyFile)
			if err := errors.Join(os.WriteFile(path, []byte(oldKey), 0o600), os.Chmod(path, mode)); err != nil {
				t.Fatal(err)
			}
			if _, err := secret.OpenBox(dir); err == nil || !strings.Contains(err.Error(), "chmod 600") {
				t.Errorf("mode %04o: %v", mode, err)
			}
		}
	})
	t.Run("IsNeverReplacedWhenItIsDamaged", func(t *testing.T) {
		for _, text := range []string{"", "# only a comment\n", oldKey[1:], oldKey + "00", "hello"} {
			dir := t.TempDir()
			path := filepath.Join(dir, secret.KeyFile)
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := secret.OpenBox(dir)
			if err == nil || strings.Contains(err.Error(), oldKey[1:]) {
				t.Errorf("key file %q: %v", text, err)
			}
			if after, _ := os.ReadFile(path); string(after) != text {
				t.Errorf("key file %q became %q", text, after)
			}
		}
	})
	t.Run("ThatIsSharedMustExist", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "shared.key")
		if _, err := secret.ReadBox(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("ReadBox: %v", err)
		}
	})
}
