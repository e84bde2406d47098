package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"
)

// display connects standard input and output with the account's display, and ends when either side does.
func display(account string) error {
	if !accountPattern.MatchString(account) {
		return fmt.Errorf("%q is no account name", account)
	}
	conn, err := net.Dial("unix", displaySocket(account))
	if err != nil {
		return fmt.Errorf("reaching the display of %q: %w", account, err)
	}
	defer conn.Close()
	over := make(chan error, 2)
	go func() {
		_, err := io.Copy(conn, os.Stdin)
		over <- err
	}()
	go func() {
		_, err := io.Copy(os.Stdout, conn)
		over <- err
	}()
	if err := <-over; err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("carrying the display of %q: %w", account, err)
	}
	return nil
}

// awaitDisplay returns when the display server is ready, answers a viewer, and no longer loses the first key.
func awaitDisplay(ready io.Reader, l login) error {
	if _, err := ready.Read(make([]byte, 16)); err != nil {
		return fmt.Errorf("waiting for the display: %w", err)
	}
	// Only root on the desktop's side opens the display, and allows no screen that the memory cannot hold.
	if err := os.Lchown(displaySocket(l.Name), 0, 0); err != nil {
		return fmt.Errorf("taking the display's socket: %w", err)
	}
	conn, err := net.DialTimeout("unix", displaySocket(l.Name), 5*time.Second)
	if err != nil {
		return fmt.Errorf("reaching the display: %w", err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if err := primeKeyboard(conn); err != nil {
		return fmt.Errorf("preparing the display's keyboard: %w", err)
	}
	return nil
}

// countClients returns the number of viewers connected to a display socket.
func countClients(socket string) (int, error) {
	b, err := os.ReadFile("/proc/net/unix")
	if err != nil {
		return 0, fmt.Errorf("listing sockets: %w", err)
	}
	return connectionsTo(string(b), socket), nil
}

// connectionsTo counts the connected sockets of that path in the kernel's table. Only the server's ends have the path.
func connectionsTo(table, socket string) int {
	const stateField, pathField, connected = 5, 7, "03"
	n := 0
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) == pathField+1 && f[stateField] == connected && f[pathField] == socket {
			n++
		}
	}
	return n
}
