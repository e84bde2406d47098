package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"carrel/internal/guest"
	"carrel/internal/guest/runs"
)

// The commands for scripts. They do not need the supervisor of the sessions, so that a script can repair it.
const (
	runCommand       = "run"
	runAwaitCommand  = "run-await"
	runStopCommand   = "run-stop"
	superviseCommand = "run-supervise" // for this program itself
)

// scripts carries out a command for scripts.
func scripts(command string, args []string) error {
	folder := runs.Folder{Path: runs.Path, Supervisor: []string{"/proc/self/exe", superviseCommand}, Find: runner}
	var state guest.RunState
	var err error
	switch {
	case command == runCommand:
		var r guest.Run
		if err := json.NewDecoder(os.Stdin).Decode(&r); err != nil {
			return fmt.Errorf("reading the script: %w", err)
		}
		state, err = folder.Start(r)
	case len(args) != 1:
		return errors.New(command + " needs one id")
	case command == superviseCommand:
		return folder.Supervise(args[0])
	case command == runAwaitCommand:
		state, err = folder.Await(args[0])
	default:
		state, err = folder.Stop(args[0])
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(state)
}

// runner finds the account that runs a script. Only those that Carrel has created run any.
func runner(name string) (runs.Account, error) {
	accounts := logins{root: "/"}
	all, err := accounts.owned()
	if err != nil {
		return runs.Account{}, err
	}
	for _, u := range all {
		if u.Name != name {
			continue
		}
		groups, err := accounts.groups(name)
		return runs.Account{Name: u.Name, Home: u.Home, Shell: u.Shell, UID: u.UID, GID: u.GID, Groups: groups}, err
	}
	return runs.Account{}, errNoAccount
}
