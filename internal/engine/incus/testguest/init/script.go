//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"carrel/internal/guest"
	"carrel/internal/guest/runs"
	"carrel/internal/guest/smallshell"
)

// scripts keeps runs as the real guest does. Accounts have no files here: each that the document has gets the same id.
func scripts() runs.Folder {
	return runs.Folder{Path: runs.Path, Supervisor: []string{"/proc/self/exe", "run-supervise"}, Find: func(name string) (runs.Account, error) {
		if d, _ := applied(); !hasAccount(d, name) {
			return runs.Account{}, fmt.Errorf("there is no account %q", name)
		}
		return runs.Account{Name: name, Home: "/tmp", UID: 1000, GID: 1000}, nil
	}}
}

func script(command, id string) error {
	var state guest.RunState
	var err error
	switch command {
	case "run":
		var r guest.Run
		if err := json.NewDecoder(os.Stdin).Decode(&r); err != nil {
			return fmt.Errorf("reading the script: %w", err)
		}
		state, err = scripts().Start(r)
	case "run-await":
		state, err = scripts().Await(id)
	default:
		state, err = scripts().Stop(id)
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(state)
}

// shell is /bin/sh.
func shell(args []string) error {
	text, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	steps, exit := smallshell.Parse(string(text), os.Getenv("USER"))
	for _, s := range steps {
		<-time.After(s.Sleep)
		fmt.Print(s.Print)
	}
	os.Exit(exit)
	return nil
}
