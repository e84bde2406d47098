package secret_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"carrel/internal/secret"
)

func TestAKeyFileForReplicasIsWrittenOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "replicas.key")
	if err := secret.WriteKeyFile(path); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	one, err := secret.ReadBox(path)
	if err != nil {
		t.Fatal(err)
	}
	sealed := one.Seal("x", "place")
	if err := secret.WriteKeyFile(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a key in use was replaced: %v", err)
	}
	other, err := secret.ReadBox(path)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := other.Open(sealed, "place"); err != nil || string(plain) != "x" {
		t.Errorf("another replica reads %q, %v", plain, err)
	}
}
