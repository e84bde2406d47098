// Command carrel is the control plane: it serves the API, the portal and the displays, and prepares the host it runs on.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"
)

// version is set by the build.
var version = "unknown"

// commands is the command line.
type commands struct {
	Serve     serveCmd     `cmd:"" help:"Run the control plane."`
	Up        upCmd        `cmd:"" help:"Prepare this host, run the control plane and show a first desktop."`
	Doctor    doctorCmd    `cmd:"" help:"Check what desktops need on this host, one by one, and name the remedies."`
	Audit     auditCmd     `cmd:"" help:"Compare desktops with the engine's machines; --heal mends both."`
	Image     imageCmd     `cmd:"" help:"Build or import desktop images."`
	Mail      mailCmd      `cmd:"" help:"Write out the mail templates, to change them."`
	SecretKey secretKeyCmd `cmd:"" name:"secret-key" help:"Make the key file that replicas share."`
	Uninstall uninstallCmd `cmd:"" help:"Remove every desktop and all that Carrel made in Incus."`
	Version   versionCmd   `cmd:"" help:"Print the version."`
}

// garbage is how much, in percent of what lives, gathers before it is collected. A page of a list leaves a third of a megabyte
// of it, what lives is some tens of megabytes, and a request that meets a collection takes twice as long. The environment's
// GOGC has the last word.
const garbage = 400

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c commands
	cli := kong.Parse(&c,
		kong.Name("carrel"),
		kong.Description("Cloud desktops for your organisation. Start with: carrel up"),
		kong.UsageOnError(),
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	cli.FatalIfErrorf(cli.Run())
}

type versionCmd struct{}

func (versionCmd) Run() error {
	_, err := os.Stdout.WriteString("carrel " + version + "\n")
	return err
}
