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
	Up        upCmd        `cmd:"" help:"Prepare this host, run the control plane and create a first desktop."`
	Doctor    doctorCmd    `cmd:"" help:"Check the prerequisites on this host and name the remedies."`
	Audit     auditCmd     `cmd:"" help:"Compare desktops with the engine's machines; --heal repairs differences."`
	AuditLog  auditLogCmd  `cmd:"" name:"audit-log" help:"Verify and export the trail of who did what."`
	Image     imageCmd     `cmd:"" help:"Build or import desktop images."`
	Mail      mailCmd      `cmd:"" help:"Customise mails to users."`
	IAM       iamCmd       `cmd:"" name:"iam" help:"Manage the users, groups, keys and projects of the API from the shell."`
	Quota     quotaCmd     `cmd:"" help:"Show and set how much a project may have."`
	Service   serviceCmd   `cmd:"" help:"Show, lock and unlock the Workspace services of projects."`
	SecretKey secretKeyCmd `cmd:"" name:"secret-key" help:"Create the key file that replicas share."`
	Uninstall uninstallCmd `cmd:"" help:"Remove every desktop and everything that Carrel created in Incus."`
	Version   versionCmd   `cmd:"" help:"Print the version."`
}

// garbage is the default GOGC in percent. A page of a list leaves a third of a megabyte of garbage, live memory is some tens of
// megabytes, and a request during a collection takes twice as long. The environment variable GOGC takes precedence.
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
