package app_test

import (
	"os"
	"path/filepath"
	"testing"

	"carrel/internal/app"
)

func TestADataDirectoryThatOthersMayWriteInIsMended(t *testing.T) {
	config := app.Defaults()
	config.Data, config.Listen, config.Engine = filepath.Join(t.TempDir(), "data"), "127.0.0.1:0", "sim"
	if err := os.Mkdir(config.Data, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(config.Data, 0o777); err != nil {
		t.Fatal(err)
	}
	started(t, config)
	if info, err := os.Stat(config.Data); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("it has mode %v, %v", info.Mode(), err)
	}
}
