package host

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Requests of the kernel's KVM interface, and the expected result.
const (
	kvmCreateVM            = 0xAE01
	kvmVCPUSize            = 0xAE04
	kvmCreateVCPU          = 0xAE41
	kvmSetUserMemoryRegion = 0x4020AE46
	kvmSetTSSAddress       = 0xAE47
	kvmRun                 = 0xAE80
	kvmExitHalt            = 5
)

// runInKVM creates a virtual machine that executes one instruction. The device file alone proves little: some hosts have one
// whose virtual machines never run, so the attempt is limited to two seconds.
func runInKVM(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, 2*time.Second, errors.New("a virtual machine does not run within 2 seconds"))
	defer cancel()
	thread, result := make(chan int, 1), make(chan error, 1)
	go func() {
		runtime.LockOSThread() // so that the thread can be interrupted; it ends with the goroutine
		thread <- unix.Gettid()
		result <- haltInKVM(ctx)
	}()
	tid := <-thread
	for {
		select {
		case err := <-result:
			return err
		case <-ctx.Done():
		}
		// The signal interrupts the run; the runtime takes it as a request to reschedule, and does nothing else.
		_ = unix.Tgkill(unix.Getpid(), tid, unix.SIGURG)
		select {
		case err := <-result:
			return err
		case <-time.After(time.Second):
			return context.Cause(ctx) // the thread is stuck in the kernel
		}
	}
}

// haltInKVM starts a processor where all x86 processors start, 16 bytes below 4 GiB, on an instruction that halts it.
func haltInKVM(ctx context.Context) error {
	device, err := unix.Open("/dev/kvm", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("opening /dev/kvm: %w", err)
	}
	defer unix.Close(device)
	machine, err := ioctl(device, kvmCreateVM, 0)
	if err != nil {
		return fmt.Errorf("making a virtual machine: %w", err)
	}
	defer unix.Close(machine)
	// Older Intel processors need three pages of their own for this mode; others ignore it.
	_, _ = ioctl(machine, kvmSetTSSAddress, 0xFFFBD000)

	const pageSize, halt = 4096, 0xF4
	page, err := unix.Mmap(-1, 0, pageSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_ANONYMOUS)
	if err != nil {
		return fmt.Errorf("making memory: %w", err)
	}
	defer func() { _ = unix.Munmap(page) }()
	page[pageSize-16] = halt
	region := struct {
		slot, flags              uint32
		guest, size, userAddress uint64
	}{guest: 1<<32 - pageSize, size: pageSize, userAddress: uint64(uintptr(unsafe.Pointer(&page[0])))} //nolint:gosec // the kernel's interface
	if _, err := ioctl(machine, kvmSetUserMemoryRegion, uintptr(unsafe.Pointer(&region))); err != nil { //nolint:gosec // as above
		return fmt.Errorf("giving memory to a virtual machine: %w", err)
	}
	processor, err := ioctl(machine, kvmCreateVCPU, 0)
	if err != nil {
		return fmt.Errorf("making a virtual processor: %w", err)
	}
	defer unix.Close(processor)
	return runToHalt(ctx, device, processor)
}

// runToHalt runs the processor until it halts. Signals interrupt the run; it continues until ctx ends.
func runToHalt(ctx context.Context, device, processor int) error {
	size, err := ioctl(device, kvmVCPUSize, 0)
	if err != nil {
		return fmt.Errorf("asking for a size: %w", err)
	}
	state, err := unix.Mmap(processor, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return fmt.Errorf("mapping a virtual processor: %w", err)
	}
	defer func() { _ = unix.Munmap(state) }()
	for {
		_, err := ioctl(processor, kvmRun, 0)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.EAGAIN):
			continue
		case err != nil:
			return fmt.Errorf("running a virtual processor: %w", err)
		}
		const exitReason = 8                                                                 // offset in the mapped state
		if reason := *(*uint32)(unsafe.Pointer(&state[exitReason])); reason != kvmExitHalt { //nolint:gosec // the kernel's interface
			return fmt.Errorf("a virtual processor stopped for reason %d", reason)
		}
		return nil
	}
}

func ioctl(file int, request, argument uintptr) (int, error) {
	result, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(file), request, argument)
	if errno != 0 {
		return 0, errno
	}
	return int(result), nil
}
