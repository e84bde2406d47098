package main

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// The folders of sessions. Only the account itself can enter its own folder, which separates the displays of the accounts of a
// shared desktop.
const (
	sessionsFolder = "/run/carrel"
	runtimeFolder  = "/run/user"
	logFolder      = "/var/log/carrel"
	x11Folder      = "/tmp/.X11-unix"
	iceFolder      = "/tmp/.ICE-unix"
)

// The image's own programs: the desktop environment, and the part of it that can start before there is a display.
const (
	sessionProgram = "/usr/lib/carrel/session"
	prepareProgram = "/usr/lib/carrel/prepare"
)

func sessionFolder(account string) string { return filepath.Join(sessionsFolder, account) }
func displaySocket(account string) string { return filepath.Join(sessionFolder(account), "rfb") }
func cookieFile(account string) string    { return filepath.Join(sessionFolder(account), "xauthority") }
func runtimeDir(l login) string           { return filepath.Join(runtimeFolder, strconv.Itoa(l.UID)) }
func busAddress(l login) string           { return "unix:path=" + filepath.Join(runtimeDir(l), "bus") }

// displayNumber returns the account's own X display, the same in every session: 1 for the first account.
func displayNumber(l login) int { return l.UID - firstUID + 1 }

// displayArguments returns the command line of the account's display server: RFB only on a Unix socket, X only with the cookie, a
// screen size chosen by the viewer, limited memory.
func displayArguments(l login, memoryMiB int) []string {
	return []string{
		"Xvnc", ":" + strconv.Itoa(displayNumber(l)),
		"-auth", cookieFile(l.Name),
		"-rfbunixpath", displaySocket(l.Name), "-rfbunixmode", "0600", "-rfbport", "-1",
		"-SecurityTypes", "None",
		"-nolisten", "tcp",
		"-displayfd", "3",
		"-geometry", "1024x768", "-depth", "24", "-dpi", "96",
		"-AcceptSetDesktopSize", "-AlwaysShared",
		"-SendPrimary=0", "-SetPrimary=0", "-MaxCutText=33554432",
		"-extension", "GLX", // it would load a 3D driver, which is not needed
		"-noreset",
		"-ld", strconv.Itoa(displayMemory(memoryMiB) << 10),
		"-desktop", l.Name,
	}
}

// busArguments returns the command line of the session's message bus.
func busArguments(l login) []string {
	return []string{
		"dbus-daemon", "--session", "--nofork", "--nopidfile", "--nosyslog",
		"--address=" + busAddress(l), "--print-address=3",
	}
}

// sessionEnv returns the whole environment of a session.
func sessionEnv(l login, locale string) []string {
	return []string{
		"HOME=" + l.Home, "USER=" + l.Name, "LOGNAME=" + l.Name, "SHELL=" + l.Shell,
		"PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games:/usr/sbin:/sbin",
		"LANG=" + locale,
		"DISPLAY=:" + strconv.Itoa(displayNumber(l)),
		"XAUTHORITY=" + cookieFile(l.Name),
		"XDG_RUNTIME_DIR=" + runtimeDir(l),
		"DBUS_SESSION_BUS_ADDRESS=" + busAddress(l),
		"XDG_SESSION_TYPE=x11", "XDG_SESSION_CLASS=user",
		"XDG_CURRENT_DESKTOP=XFCE", "XDG_SESSION_DESKTOP=xfce", "DESKTOP_SESSION=xfce",
		"XDG_MENU_PREFIX=xfce-",
		"XDG_CONFIG_DIRS=/etc/xdg", "XDG_DATA_DIRS=/usr/share/xfce4:/usr/local/share:/usr/share",
		"NO_AT_BRIDGE=1",
	}
}

// prepareFolders creates the folders of a session, and removes what an earlier one left.
func prepareFolders(l login) error {
	if err := os.MkdirAll(runtimeFolder, 0o755); err != nil {
		return fmt.Errorf("making the session's folders: %w", err)
	}
	for _, shared := range []string{x11Folder, iceFolder} {
		if err := os.MkdirAll(shared, 0o777); err != nil {
			return fmt.Errorf("making the session's folders: %w", err)
		}
		if err := os.Chmod(shared, os.ModeSticky|0o777); err != nil {
			return fmt.Errorf("making the session's folders: %w", err)
		}
	}
	for _, dir := range []string{sessionFolder(l.Name), runtimeDir(l)} {
		if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
			return fmt.Errorf("making the session's folders: %w", err)
		}
		if err := os.Chown(dir, l.UID, l.GID); err != nil {
			return fmt.Errorf("making the session's folders: %w", err)
		}
	}
	number := strconv.Itoa(displayNumber(l))
	for _, stale := range []string{
		displaySocket(l.Name), filepath.Join(runtimeDir(l), "bus"),
		filepath.Join(x11Folder, "X"+number), "/tmp/.X" + number + "-lock",
	} {
		if err := os.Remove(stale); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("clearing an earlier session: %w", err)
		}
	}
	return nil
}

// openLog opens the file for the output of the session's programs; each session empties it.
func openLog(account string) (*os.File, error) {
	if err := os.MkdirAll(logFolder, 0o755); err != nil {
		return nil, fmt.Errorf("making the session's log: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(logFolder, account+".log"),
		os.O_CREATE|os.O_TRUNC|os.O_APPEND|os.O_WRONLY|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("making the session's log: %w", err)
	}
	return f, nil
}

// The parts of an X authority entry.
const (
	anyAddress = 0xffff // FamilyWild: any address of the display
	cookieName = "MIT-MAGIC-COOKIE-1"
	cookieSize = 16
)

// writeCookie writes a new X authority file for the account and returns its cookie.
func writeCookie(l login) ([]byte, error) {
	cookie := make([]byte, cookieSize)
	if _, err := rand.Read(cookie); err != nil {
		return nil, fmt.Errorf("drawing a cookie: %w", err)
	}
	entry := binary.BigEndian.AppendUint16(nil, anyAddress)
	for _, part := range [][]byte{nil, []byte(strconv.Itoa(displayNumber(l))), []byte(cookieName), cookie} {
		entry = binary.BigEndian.AppendUint16(entry, uint16(len(part)))
		entry = append(entry, part...)
	}
	return cookie, writeFile(cookieFile(l.Name), string(entry), 0o600, l.UID, l.GID)
}

// readCookie returns the cookie that writeCookie wrote.
func readCookie(l login) ([]byte, error) {
	b, err := os.ReadFile(cookieFile(l.Name))
	if err != nil || len(b) < cookieSize {
		return nil, fmt.Errorf("reading the cookie: %w", err)
	}
	return b[len(b)-cookieSize:], nil
}

// runAs makes a child process run as the account, with these groups besides its own, in a session of its own.
func runAs(l login, groups []uint32) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		Setsid:     true,
		Credential: &syscall.Credential{Uid: uint32(l.UID), Gid: uint32(l.GID), Groups: groups},
	}
}
