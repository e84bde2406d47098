//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"
)

// fork starts count processes, or as many as the machine allows, prints how many there are at once and kills them. They are
// traced, which stops each before its first instruction: a Go program would start threads, which count as well.
func fork(count string) error {
	n, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	runtime.LockOSThread() // the tracer is a thread
	var all []*exec.Cmd
	for range n {
		c := &exec.Cmd{Path: "/proc/self/exe", SysProcAttr: &syscall.SysProcAttr{Ptrace: true}}
		if err := c.Start(); err != nil {
			break
		}
		all = append(all, c)
	}
	fmt.Print(len(all))
	for _, c := range all {
		if err := c.Process.Kill(); err != nil {
			return err
		}
	}
	return nil
}

// subvolume tries each way to create a btrfs subvolume in a folder, and prints those that work.
func subvolume(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	type plain struct { // struct btrfs_ioctl_vol_args
		fd   int64
		name [4088]byte
	}
	type long struct { // struct btrfs_ioctl_vol_args_v2
		fd       int64
		transid  uint64
		flags    uint64
		reserved [4]uint64
		name     [4040]byte
	}
	for _, way := range []struct {
		name    string
		request uintptr
		long    bool
	}{
		{"create", 0x5000940e, false}, {"snapshot", 0x50009401, false},
		{"create-v2", 0x50009418, true}, {"snapshot-v2", 0x50009417, true},
		{"create-high-bits", 0xdead_0000_5000_940e, false}, // the kernel uses only the lower half of the request
	} {
		short, v2 := plain{fd: int64(f.Fd())}, long{fd: int64(f.Fd())}
		copy(short.name[:], way.name)
		copy(v2.name[:], way.name)
		argument := unsafe.Pointer(&short)
		if way.long {
			argument = unsafe.Pointer(&v2)
		}
		_, _, failure := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), way.request, uintptr(argument))
		var there syscall.Stat_t
		made := syscall.Stat(filepath.Join(dir, way.name), &there) == nil && there.Ino == 256 // a subvolume's own root
		if failure == 0 || made {
			fmt.Print(way.name, " ")
		} else if !errors.Is(failure, syscall.EPERM) {
			fmt.Printf("%s:%v ", way.name, failure)
		}
	}
	return nil
}
