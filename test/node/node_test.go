// Package node calls Carrel with the official SDK for Node.
package node

import (
	"log/slog"
	"os"
	"os/exec"
	"testing"

	"carrel/internal/app"
)

// TestTheSDKForNodeWorksUnchanged runs client.js. CARREL_TEST_NODE is the program; the packages beside this file are installed by
// npm ci.
func TestTheSDKForNodeWorksUnchanged(t *testing.T) {
	program := os.Getenv("CARREL_TEST_NODE")
	if program == "" {
		t.Skip("CARREL_TEST_NODE names no Node")
	}
	c := app.Defaults()
	c.Data, c.Listen, c.Engine, c.Version = t.TempDir(), "127.0.0.1:0", "sim", "test"
	a, err := app.Start(t.Context(), c, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Stop(t.Context()) })
	b := a.Bootstrap
	run := exec.CommandContext(t.Context(), program, "client.js")
	run.Env = append(os.Environ(), "CARREL_ENDPOINT="+b.Endpoint, "CARREL_AK="+b.AccessKey, "CARREL_SK="+b.SecretKey,
		"CARREL_PROJECT="+b.ProjectID, "HOME="+t.TempDir()) // the SDK writes to the home directory
	if out, err := run.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
