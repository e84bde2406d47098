// Package incustest lets tests look into machines.
package incustest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// End follows the output of a program. After it comes the program's exit status, as one line.
const End = '\x00'

// Desktop runs a program as root in a machine with the desktop image, and returns what it wrote.
func Desktop(ctx context.Context, project, machine string, program ...string) (string, error) {
	const inFull = `"$@" </dev/null 2>&1; printf '\000%d\n' $?; exec cat >/dev/null`
	return Run(ctx, project, machine, append([]string{"sh", "-c", inFull, "sh"}, program...)...)
}

// Run runs a program as root in a machine and returns its output before End. The program then waits for the end of its input.
//
// If it did not wait, Incus would sometimes lose its output on a busy host and still report success: Incus stops reading if there
// was nothing to read before the program's end, although the program wrote in between.
func Run(ctx context.Context, project, machine string, program ...string) (string, error) {
	said, err := run(ctx, append([]string{"exec", "--project", project, machine, "-T", "--"}, program...))
	if err != nil {
		err = fmt.Errorf("running %v in %s: %w: %s", program, machine, err, said)
	}
	return said, err
}

func run(ctx context.Context, arguments []string) (string, error) {
	c := exec.CommandContext(ctx, "incus", arguments...)
	var complaint strings.Builder
	c.Stderr = &complaint
	in, err := c.StdinPipe()
	if err != nil {
		return "", err
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := c.Start(); err != nil {
		return "", err
	}
	answer := bufio.NewReader(out)
	said, _ := answer.ReadString(End)
	status, _ := answer.ReadString('\n')
	in.Close()
	_, _ = io.Copy(io.Discard, answer)
	err = c.Wait()
	switch said, ended := strings.CutSuffix(said, string(End)); {
	case !ended && err == nil:
		return said, errors.New("it ended well without having said everything")
	case !ended:
		return said + complaint.String(), err
	case status != "0\n":
		return said, fmt.Errorf("it ended with status %q", status)
	default:
		return said, nil
	}
}
