// Command carrel-guest is the program inside every desktop. It applies the document that the control plane stores for the
// desktop, and runs the display sessions of the desktop's accounts.
//
// The init system starts "boot", which keeps running; every other command except "display" sends requests to it over a socket
// that only root can open.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"carrel/internal/guest"
)

const usage = `carrel-guest runs the inside of a desktop.

  boot                      carry out the desktop's document and run its sessions (the init system does this)
  apply                     carry out the document on standard input, print the status
  await [--panel] [ACCOUNT] wait until the document is carried out, or the account's display answers (--panel: the
                            panel is drawn as well), print the status
  status                    print the status
  idle                      print the nanoseconds since anybody last pressed a key or moved the pointer
  end TIME                  end the sessions that began before a time (RFC 3339), with all that runs in them, start
                            new ones in their place, print the status
  message                   show the message on standard input, print the status
  display ACCOUNT           join standard input and output to the account's display
  run                       start the script that standard input describes, unless it has begun, and print its state
  run-await ID              wait until a script has ended, print its state
  run-stop ID               end a script, print its state
`

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "carrel-guest:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return errors.New("name a command; see carrel-guest help")
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	command, args := args[0], args[1:]
	switch command {
	case "boot":
		return boot(ctx)
	case "apply":
		document := new(guest.Desktop)
		if err := json.NewDecoder(os.Stdin).Decode(document); err != nil {
			return fmt.Errorf("reading the document: %w", err)
		}
		return ask(request{Do: doApply, Document: document})
	case "await":
		return await(args)
	case "status":
		return ask(request{Do: doStatus})
	case "idle":
		return idle()
	case "end":
		return end(args)
	case "message":
		message := new(guest.Message)
		if err := json.NewDecoder(os.Stdin).Decode(message); err != nil {
			return fmt.Errorf("reading the message: %w", err)
		}
		return ask(request{Do: doMessage, Message: message})
	case "display":
		if len(args) != 1 {
			return errors.New("display needs one account")
		}
		return display(args[0])
	case runCommand, runAwaitCommand, runStopCommand, superviseCommand:
		return scripts(command, args)
	case sweepCommand:
		return sweepSelf(args)
	case "help", "-h", "--help":
		_, err := io.WriteString(os.Stdout, usage)
		return err
	}
	return fmt.Errorf("unknown command %q; see carrel-guest help", command)
}

func await(args []string) error {
	r := request{Do: doAwait}
	for _, a := range args {
		switch {
		case a == "--panel":
			r.Panel = true
		case r.Account == "":
			r.Account = a
		default:
			return errors.New("await takes one account")
		}
	}
	if r.Panel && r.Account == "" {
		return errors.New("await --panel needs an account")
	}
	return ask(r)
}

func end(args []string) error {
	if len(args) != 1 {
		return errors.New("end needs one time")
	}
	before, err := time.Parse(time.RFC3339Nano, args[0])
	if err != nil {
		return fmt.Errorf("reading the time: %w", err)
	}
	return ask(request{Do: doEnd, Before: before})
}

// ask sends a request to the running supervisor and prints the status in its answer.
func ask(r request) error {
	answer, err := call(controlSocket, r)
	if err != nil {
		return err
	}
	if answer.Status != nil {
		if err := json.NewEncoder(os.Stdout).Encode(answer.Status); err != nil {
			return fmt.Errorf("printing the status: %w", err)
		}
	}
	if answer.Error != "" {
		return errors.New(answer.Error)
	}
	return nil
}

func idle() error {
	answer, err := call(controlSocket, request{Do: doStatus})
	if err != nil {
		return err
	}
	_, err = fmt.Println(leastIdle(answer.Status.Sessions).Nanoseconds())
	return err
}

func boot(ctx context.Context) error {
	// It is idle for days beside a user's programs: collecting a small heap often costs less than keeping a large one.
	debug.SetGCPercent(25)
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{
		// The journal adds the time itself.
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey && len(groups) == 0 {
				return slog.Attr{}
			}
			return a
		},
	})))
	return newDesk(hostSystem()).serve(ctx)
}
