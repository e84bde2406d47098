// Package smallshell understands a little of the shell, for machines that have none: those of the simulated engine and of the
// engine tests' image.
//
//	echo WORDS     print the words
//	whoami         print the account that runs the script
//	sleep SECONDS  wait
//	exit N         end with this status
//
// Commands end with a line or a semicolon. Every other command does nothing.
package smallshell

import (
	"strconv"
	"strings"
	"time"
)

// Step is a command that does something.
type Step struct {
	Sleep time.Duration // before it prints
	Print string
}

// Parse returns what a script does and its exit status.
func Parse(script, account string) (steps []Step, exit int) {
	for command := range strings.FieldsFuncSeq(script, func(r rune) bool { return r == '\n' || r == ';' }) {
		verb, rest, _ := strings.Cut(strings.TrimSpace(command), " ")
		rest = strings.Trim(strings.TrimSpace(rest), `"'`)
		switch verb {
		case "echo":
			steps = append(steps, Step{Print: rest + "\n"})
		case "whoami":
			steps = append(steps, Step{Print: account + "\n"})
		case "sleep":
			seconds, err := strconv.ParseFloat(rest, 64)
			if err == nil {
				steps = append(steps, Step{Sleep: time.Duration(seconds * float64(time.Second))})
			}
		case "exit":
			exit, _ = strconv.Atoi(rest)
			return steps, exit
		}
	}
	return steps, 0
}
