package incus_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"carrel/internal/engine"
	"carrel/internal/engine/enginetest"
	"carrel/internal/guest"
)

func TestPower(t *testing.T) {
	t.Run("ADeafMachineOutlivesACleanStopAndDiesOfAForcedOne", func(t *testing.T) {
		e := open(t)
		s := newSpec(testNetwork)
		launch(t, e, s)
		inside(t, s, "write", "/etc/deaf", "")
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		if err := e.Stop(ctx, s.ID, false); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the clean stop ended with %v", err)
		}
		if err := e.Stop(t.Context(), s.ID, true); err != nil {
			t.Fatal(err)
		}
		if m, err := e.Find(t.Context(), s.ID); err != nil || m.State != engine.Stopped {
			t.Errorf("it is %q, %v", m.State, err)
		}
	})

	t.Run("AForcedStopOvertakesACleanOneThatStillWaits", func(t *testing.T) {
		e := open(t)
		s := newSpec(testNetwork)
		launch(t, e, s)
		inside(t, s, "write", "/etc/deaf", "")
		ctx, cancel := context.WithCancel(t.Context())
		clean := make(chan error)
		go func() { clean <- e.Stop(ctx, s.ID, false) }()
		awaitOperation(t, "Stopping instance")
		if err := e.Stop(t.Context(), s.ID, true); err != nil {
			t.Error(err)
		}
		cancel()
		<-clean
	})

	for _, force := range []bool{false, true} {
		name := map[bool]string{false: "AHibernatedMachineStopsCleanly", true: "AHibernatedMachineStopsByForce"}[force]
		t.Run(name, func(t *testing.T) {
			e := open(t)
			s := newSpec(testNetwork)
			launch(t, e, s)
			if err := e.Hibernate(t.Context(), s.ID); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			if err := e.Stop(ctx, s.ID, force); err != nil {
				t.Fatal(err)
			}
			if m, err := e.Find(t.Context(), s.ID); err != nil || m.State != engine.Stopped {
				t.Errorf("it is %q, %v", m.State, err)
			}
		})
	}

	t.Run("HibernatingKeepsWhatRunsAndAGuestCannotBeAskedMeanwhile", func(t *testing.T) {
		e := open(t)
		s := newSpec(testNetwork)
		launch(t, e, s)
		inside(t, s, "write", "/run/session", "still here")
		if err := e.Hibernate(t.Context(), s.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Status(t.Context(), s.ID); !errors.Is(err, engine.ErrConflict) {
			t.Errorf("asking a hibernated guest: %v", err)
		}
		if err := e.Start(t.Context(), s.ID); err != nil {
			t.Fatal(err)
		}
		if got := inside(t, s, "cat", "/run/session"); got != "still here" {
			t.Errorf("after resuming the file holds %q", got)
		}
	})

	t.Run("DeleteWorksInEveryStateAndTakesTheDisks", func(t *testing.T) {
		e := open(t)
		for _, state := range []engine.State{engine.Running, engine.Stopped, engine.Hibernated} {
			t.Run(string(state), func(t *testing.T) {
				s := newSpec(testNetwork)
				s.Data = []engine.Disk{{ID: uuid.NewString(), Class: "SSD", GiB: 1, Mount: "/data"}}
				launch(t, e, s)
				var err error
				switch state {
				case engine.Stopped:
					err = e.Stop(t.Context(), s.ID, true)
				case engine.Hibernated:
					err = e.Hibernate(t.Context(), s.ID)
				case engine.Running, engine.Broken:
				}
				if err != nil {
					t.Fatal(err)
				}
				if err := e.Delete(t.Context(), s.ID); err != nil {
					t.Fatal(err)
				}
				if volumes := raw(t, "storage", "volume", "list", "carrel-engine-test-ssd", "--format=csv"); strings.Contains(volumes, s.Data[0].ID) {
					t.Error("the data disk is still there")
				}
			})
		}
	})

	t.Run("DeleteTakesDisksWhoseMachineWasNeverMade", func(t *testing.T) {
		e := open(t)
		id, disk := uuid.NewString(), uuid.NewString()
		raw(t, "storage", "volume", "create", "carrel-engine-test-ssd", disk, "size=1GiB", "user.carrel.desktop="+id)
		if err := e.Delete(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if volumes := raw(t, "storage", "volume", "list", "carrel-engine-test-ssd", "--format=csv"); strings.Contains(volumes, disk) {
			t.Error("the data disk is still there")
		}
	})

	t.Run("DeleteDuringALaunchLeavesNothing", func(t *testing.T) {
		e := open(t)
		s := newSpec(testNetwork)
		deleteAfter(t, e, s.ID)
		ctx, cancel := context.WithCancel(t.Context())
		launched := make(chan error)
		go func() {
			_, err := e.Launch(ctx, s)
			launched <- err
		}()
		awaitOperation(t, "Creating instance")
		cancel()
		<-launched
		if err := e.Delete(t.Context(), s.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Find(t.Context(), s.ID); !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("finding it: %v", err)
		}
	})

	t.Run("AConfiguredMachineKeepsItsDocumentForTheNextBoot", func(t *testing.T) {
		e := open(t)
		s := newSpec(testNetwork)
		launch(t, e, s)
		s.Guest.Hostname = "renamed"
		s.Guest.Accounts = append(s.Guest.Accounts, guest.Account{Name: "bob", Group: guest.GroupAdmin})
		status, err := e.Configure(t.Context(), s.ID, s.Guest)
		if err != nil || status.Hostname != "renamed" || !status.Applied {
			t.Fatalf("configuring: %+v, %v", status, err)
		}
		if err := enginetest.Restart(t.Context(), e, s.ID, false); err != nil {
			t.Fatal(err)
		}
		if err := e.Await(t.Context(), s.ID, "bob"); err != nil {
			t.Fatal(err)
		}
		if status, err := e.Status(t.Context(), s.ID); err != nil || status.Hostname != "renamed" {
			t.Errorf("after the restart: %+v, %v", status, err)
		}
		if err := e.Await(t.Context(), s.ID, "nobody"); err == nil || !strings.Contains(err.Error(), `no account "nobody"`) {
			t.Errorf("waiting for an unknown account: %v", err)
		}
	})

	t.Run("AwaitEndsWithItsContextAndLeavesNoProcess", func(t *testing.T) {
		e := open(t)
		s := newSpec(testNetwork)
		s.Guest.Accounts = append(s.Guest.Accounts, guest.Account{Name: "never", Group: guest.GroupUser})
		launch(t, e, s)
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		if err := e.Await(ctx, s.ID, "never"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the error is %v", err)
		}
		awaitProcesses(t, s, "await", 0)
	})
}
