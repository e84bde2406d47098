package main

import (
	"bufio"
	"context"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"carrel/internal/guest"
)

func TestACountdownTellsEverySecondAndClosesTheDialogAtItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		read, write := io.Pipe()
		ended := make(chan time.Time, 1)
		begun := time.Now()
		go countDown(context.Background(), write, begun.Add(3*time.Second), func() error { ended <- time.Now(); return nil })
		var lines []string
		for scan := bufio.NewScanner(read); scan.Scan(); {
			lines = append(lines, scan.Text())
		}
		if got := strings.Join(lines, " "); got != "99 #0:00:03 66 #0:00:02 33 #0:00:01" {
			t.Errorf("the dialog is told %q", got)
		}
		if took := (<-ended).Sub(begun); took != 3*time.Second {
			t.Errorf("it is closed after %v", took)
		}
	})
}

func TestACountdownEndsWhenThePersonClosesTheDialog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		read, write := io.Pipe()
		done := make(chan struct{})
		go func() {
			countDown(context.Background(), write, time.Now().Add(time.Hour), func() error { t.Error("it closes a dialog that is closed"); return nil })
			close(done)
		}()
		read.Close()
		<-done
	})
}

func TestOnlyAMessageWithAnEndCountsDown(t *testing.T) {
	with := strings.Join(messageArguments(guest.Message{Title: "a", Urgent: true, Until: time.Now()}), " ")
	without := strings.Join(messageArguments(guest.Message{Title: "a", Urgent: true}), " ")
	if !strings.Contains(with, "--progress") || strings.Contains(without, "--progress") {
		t.Errorf("with an end: %s; without: %s", with, without)
	}
}
