//go:build linux

// Command init is the whole system of the test image: it is the first process of a machine, and it stands in for
// carrel-guest. It starts in milliseconds, so that the engine's tests measure the engine.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"

	"carrel/internal/engine/incus/incustest"
	"carrel/internal/guest"
)

const documentPath = "/run/carrel.json"

func main() {
	var err error
	if os.Getpid() == 1 {
		err = boot()
	} else if len(os.Args) > 1 && os.Args[1] == "in-full" {
		inFull(os.Args[2:])
	} else if filepath.Base(os.Args[0]) == "sh" {
		err = shell(os.Args[1:])
	} else if len(os.Args) > 2 && os.Args[1] == "run-supervise" {
		err = scripts().Supervise(os.Args[2])
	} else {
		err = command(os.Args[1:])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// boot configures the network and waits for the signal by which Incus asks a system to shut down.
func boot() error {
	halt := make(chan os.Signal, 1)
	children := make(chan os.Signal, 1)
	signal.Notify(halt, syscall.SIGPWR, syscall.SIGTERM, syscall.Signal(37)) // 37 is SIGRTMIN+3, which Incus sends to systemd
	signal.Notify(children, syscall.SIGCHLD)

	if d, err := stored(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	} else if err := apply(d); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	for {
		select {
		case <-children:
			for reaped := 1; reaped > 0; {
				reaped, _ = syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
			}
		case <-halt:
			if _, err := os.Stat("/etc/deaf"); err != nil {
				return nil
			}
		}
	}
}

// inFull makes sure that a caller gets all output of a command (incustest.Run).
func inFull(args []string) {
	status := 0
	if err := command(args); err != nil {
		fmt.Println(err)
		status = 1
	}
	fmt.Printf("%c%d\n", incustest.End, status)
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func command(args []string) error {
	if len(args) == 0 {
		return errors.New("no command")
	}
	argument := func(i int) string {
		if i < len(args) {
			return args[i]
		}
		return ""
	}
	if mute() {
		return nil
	}
	switch args[0] {
	case "apply":
		var d guest.Desktop
		if err := json.NewDecoder(os.Stdin).Decode(&d); err != nil {
			return fmt.Errorf("reading the document: %w", err)
		}
		if err := apply(d); err != nil {
			return err
		}
		return status()
	case "status":
		return status()
	case "await":
		return await(argument(1))
	case "message":
		return keepMessage()
	case "end":
		return end(argument(1))
	case "display":
		return display(argument(1))
	case "run", "run-await", "run-stop":
		return script(args[0], argument(1))
	case "dial":
		return dial(argument(1))
	case "listen":
		return listen(argument(1))
	case "resolve":
		return resolve(argument(1), nil)
	case "resolve-from":
		return resolve(argument(1), net.ParseIP(argument(2)))
	case "route":
		return route(argument(1), argument(2))
	case "address":
		return addAddress(argument(1))
	case "cat":
		content, err := os.ReadFile(argument(1))
		if err != nil {
			return err
		}
		_, err = os.Stdout.Write(content)
		return err
	case "write":
		return os.WriteFile(argument(1), []byte(argument(2)), 0o644)
	case "fill":
		return fill(argument(1), argument(2))
	case "swell":
		return swell(argument(1))
	case "hold":
		return hold(argument(1), argument(2))
	case "mount":
		return mount(argument(1))
	case "processors":
		return field("/proc/self/status", "Cpus_allowed_list:")
	case "memory":
		return field("/proc/meminfo", "MemTotal:")
	case "fork":
		return fork(argument(1))
	case "subvolume":
		return subvolume(argument(1))
	case "subvolume-as-user":
		if err := syscall.Setuid(1000); err != nil {
			return err
		}
		return subvolume(argument(1))
	case "write-as-user":
		if err := syscall.Setuid(1000); err != nil {
			return err
		}
		return os.WriteFile(argument(1), []byte("written"), 0o600)
	}
	return fmt.Errorf("unknown command %q", args[0])
}

// mutePath contains the number of commands that are still to succeed without doing anything.
const mutePath = "/run/mute"

func mute() bool {
	content, err := os.ReadFile(mutePath)
	if err != nil {
		return false
	}
	n, _ := strconv.Atoi(string(content))
	if n <= 0 {
		return false
	}
	return os.WriteFile(mutePath, []byte(strconv.Itoa(n-1)), 0o600) == nil
}

// stored reads the document that the engine stores with the machine.
func stored() (guest.Desktop, error) {
	client := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", "/dev/incus/sock")
	}}}
	var d guest.Desktop
	reply, err := client.Get("http://incus/1.0/config/" + guest.ConfigKey)
	if err != nil {
		return d, fmt.Errorf("asking for the document: %w", err)
	}
	defer reply.Body.Close()
	return d, json.NewDecoder(reply.Body).Decode(&d)
}

func apply(d guest.Desktop) error {
	if d.Hostname != "" {
		if err := syscall.Sethostname([]byte(d.Hostname)); err != nil {
			return fmt.Errorf("setting the host name: %w", err)
		}
	}
	if err := address(d.Network); err != nil {
		return err
	}
	content, err := json.Marshal(d)
	if err != nil {
		return err
	}
	if err := os.WriteFile(documentPath+".new", content, 0o600); err != nil {
		return err
	}
	return os.Rename(documentPath+".new", documentPath)
}

func address(n guest.Network) error {
	if lo, err := netlink.LinkByName("lo"); err == nil {
		_ = netlink.LinkSetUp(lo)
	}
	if n.Address == "" {
		return nil
	}
	link, err := netlink.LinkByName("eth0")
	if err != nil {
		return fmt.Errorf("finding eth0: %w", err)
	}
	a, err := netlink.ParseAddr(n.Address)
	if err != nil {
		return fmt.Errorf("reading the address %q: %w", n.Address, err)
	}
	if err := netlink.AddrReplace(link, a); err != nil {
		return fmt.Errorf("setting the address: %w", err)
	}
	if err := netlink.LinkSetUp(link); err != nil {
		return fmt.Errorf("raising eth0: %w", err)
	}
	return netlink.RouteReplace(&netlink.Route{LinkIndex: link.Attrs().Index, Gw: net.ParseIP(n.Gateway)})
}

func applied() (guest.Desktop, bool) {
	var d guest.Desktop
	content, err := os.ReadFile(documentPath)
	return d, err == nil && json.Unmarshal(content, &d) == nil
}

func status() error {
	d, ok := applied()
	host, _ := os.Hostname()
	s := guest.Status{Hostname: host, Applied: ok, Sessions: []guest.Session{}}
	for _, a := range d.Accounts {
		if !a.Absent {
			s.Sessions = append(s.Sessions, guest.Session{Account: a.Name, Display: true, Panel: true, Begun: sessionsBegan()})
		}
	}
	return json.NewEncoder(os.Stdout).Encode(s)
}

func hasAccount(d guest.Desktop, name string) bool {
	return slices.ContainsFunc(d.Accounts, func(a guest.Account) bool { return a.Name == name && !a.Absent })
}

// await polls often: the machine's first process writes the document within milliseconds. The display of the account "never"
// never answers.
func await(account string) error {
	for {
		d, ok := applied()
		if ok && account != "" && !hasAccount(d, account) {
			return fmt.Errorf("there is no account %q", account)
		}
		if ok && account != "never" {
			return status()
		}
		<-time.After(5 * time.Millisecond)
	}
}

// begunPath contains when the sessions were last ended and started again.
const begunPath = "/run/sessions-began"

func sessionsBegan() time.Time {
	content, err := os.ReadFile(begunPath)
	if err != nil {
		return time.Unix(0, 0).UTC()
	}
	began, _ := time.Parse(time.RFC3339Nano, string(content))
	return began
}

func end(before string) error {
	limit, err := time.Parse(time.RFC3339Nano, before)
	if err != nil {
		return fmt.Errorf("reading the time: %w", err)
	}
	if sessionsBegan().Before(limit) {
		if err := os.WriteFile(begunPath, []byte(time.Now().UTC().Format(time.RFC3339Nano)), 0o600); err != nil {
			return err
		}
	}
	return status()
}

func keepMessage() error {
	content, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	var m guest.Message
	if err := json.Unmarshal(content, &m); err != nil {
		return fmt.Errorf("reading the message: %w", err)
	}
	if err := os.WriteFile("/run/message.json", content, 0o600); err != nil {
		return err
	}
	return status()
}

// display greets like an RFB server and then echoes what it receives. The account "flood" sends endlessly.
func display(account string) error {
	d, _ := applied()
	if !hasAccount(d, account) {
		return fmt.Errorf("there is no account %q", account)
	}
	if _, err := io.WriteString(os.Stdout, "RFB 003.008\n"); err != nil {
		return err
	}
	if account == "flood" {
		for block := make([]byte, 64<<10); ; {
			if _, err := os.Stdout.Write(block); err != nil {
				return err
			}
		}
	}
	_, err := io.Copy(os.Stdout, os.Stdin)
	return err
}

// dial prints "open", "refused" or "silent".
func dial(to string) error {
	dialer := net.Dialer{Timeout: time.Second}
	c, err := dialer.Dial("tcp", to)
	switch {
	case err == nil:
		c.Close()
		fmt.Print("open")
	case errors.Is(err, syscall.ECONNREFUSED):
		fmt.Print("refused")
	default:
		fmt.Print("silent")
	}
	return nil
}

func listen(at string) error {
	l, err := net.Listen("tcp", at)
	if err != nil {
		return err
	}
	fmt.Println("listening")
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		c.Close()
	}
}

// resolve queries the name service of the network's gateway, from the given source address if there is one.
func resolve(name string, from net.IP) error {
	d, _ := applied()
	var dialer net.Dialer
	if from != nil {
		dialer.LocalAddr = &net.UDPAddr{IP: from}
	}
	r := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, "udp", net.JoinHostPort(d.Network.Gateway, "53"))
	}}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	found, err := r.LookupHost(ctx, name)
	if err != nil {
		return err
	}
	fmt.Print(strings.Join(found, " "))
	return nil
}

// mount prints the size of the file system at a path in MiB, if it is a mount point.
func mount(path string) error {
	var here, parent syscall.Stat_t
	if err := syscall.Stat(path, &here); err != nil {
		return err
	}
	if err := syscall.Stat("/", &parent); err != nil {
		return err
	}
	if path != "/" && here.Dev == parent.Dev {
		return fmt.Errorf("%s is not a mount point", path)
	}
	var fs syscall.Statfs_t
	if err := syscall.Statfs(path, &fs); err != nil {
		return err
	}
	fmt.Print(int64(fs.Blocks) * fs.Bsize >> 20)
	return nil
}

// field prints the value after a label at the start of a line.
func field(path, label string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(content)) {
		if value, found := strings.CutPrefix(line, label); found {
			fmt.Print(strings.TrimSpace(value))
			return nil
		}
	}
	return fmt.Errorf("%s has no %q", path, label)
}

// fill writes a number of MiB to a file and to its disk.
func fill(path, mebibytes string) error {
	count, err := strconv.Atoi(mebibytes)
	if err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	block := make([]byte, 1<<20)
	for i := range block {
		block[i] = byte(i * i) // does not compress
	}
	for range count {
		if _, err := file.Write(block); err != nil {
			return err
		}
	}
	return file.Sync()
}

// route routes one address through another.
func route(to, through string) error {
	link, err := netlink.LinkByName("eth0")
	if err != nil {
		return err
	}
	only := &net.IPNet{IP: net.ParseIP(to), Mask: net.CIDRMask(32, 32)}
	return netlink.RouteReplace(&netlink.Route{LinkIndex: link.Attrs().Index, Dst: only, Gw: net.ParseIP(through)})
}

// addAddress adds an address to the interface.
func addAddress(cidr string) error {
	link, err := netlink.LinkByName("eth0")
	if err != nil {
		return err
	}
	a, err := netlink.ParseAddr(cidr)
	if err != nil {
		return err
	}
	return netlink.AddrReplace(link, a)
}

// swell allocates a number of MiB of memory.
func swell(mebibytes string) error {
	count, err := strconv.Atoi(mebibytes)
	if err != nil {
		return err
	}
	taken := make([]byte, count<<20)
	for i := 0; i < len(taken); i += 4096 {
		taken[i] = 1
	}
	fmt.Print(taken[len(taken)-4096])
	return nil
}

// hold allocates a number of MiB of memory and keeps a file open until it is killed.
func hold(mebibytes, path string) error {
	count, err := strconv.Atoi(mebibytes)
	if err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	taken := make([]byte, count<<20)
	for i := 0; i < len(taken); i += 4096 {
		taken[i] = 1
	}
	fmt.Println("holding")
	<-time.After(time.Hour)
	_, err = file.Write(taken[:1])
	return err
}
