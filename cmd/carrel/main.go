// Command carrel is the control plane: it serves the API, the portal and the displays, and prepares the host it runs on.
package main

import (
	"context"
	"os"
	"os/signal"
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
	Uninstall uninstallCmd `cmd:"" help:"Remove every desktop and all that Carrel made in Incus."`
	Version   versionCmd   `cmd:"" help:"Print the version."`
}

func main() {
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
