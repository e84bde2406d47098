package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"

	"carrel/internal/guest"
)

// displayShare is the share of the memory that a display server may use for the pictures of its screen and programs, and
// smallestDisplay its minimum, in MiB. Beyond that a program is refused its picture, and the session continues; without a limit,
// the kernel would choose which process to kill when memory runs out.
const (
	displayShare    = 2
	smallestDisplay = 256
)

func displayMemory(memoryMiB int) int { return max(memoryMiB/displayShare, smallestDisplay) }

// memory returns the memory of this desktop in MiB, or 0.
func memory() int {
	b, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		slog.Warn("how much memory there is cannot be read", "error", err)
		return 0
	}
	return totalMemory(string(b))
}

// totalMemory reads the size in MiB from the kernel's table, whose first line has it.
func totalMemory(table string) int {
	fields := strings.Fields(table)
	if len(fields) < 2 || fields[0] != "MemTotal:" {
		return 0
	}
	kib, err := strconv.Atoi(fields[1])
	if err != nil {
		return 0
	}
	return kib >> 10
}

// The requests of the extension RANDR, in its old form, in which a screen is one monitor with a size from a list.
const (
	xRandRVersion = 0
	xRandRSet     = 2
	xRandRInfo    = 5
	xRotateNone   = 1
)

// keepScreen makes the screen smaller whenever it has more than the allowed number of pixels, until ctx or the display ends. The
// gateway refuses requests for such a screen, but programs inside can make them as well. It must be quick: the desktop
// environment is about to draw on the large screen, and a display server at its memory limit ends in the middle of some requests.
func (x *xConn) keepScreen(ctx context.Context, pixels int) error {
	defer context.AfterFunc(ctx, x.close)()
	randr, err := x.extension("RANDR")
	if err != nil {
		return err
	}
	if _, err := x.ask(randr.opcode, xRandRVersion, words(1, 1)); err != nil {
		return err
	}
	if err := x.listen(xStructure); err != nil {
		return err
	}
	for {
		x.news = false
		screen, err := x.ask(xGetGeometry, 0, words(x.root))
		if err != nil {
			return err
		}
		if width, height := int(little.Uint16(screen[16:])), int(little.Uint16(screen[18:])); width*height > pixels {
			slog.Warn("the screen is larger than the memory allows", "width", width, "height", height)
			if err := x.shrink(randr.opcode, pixels); err != nil && !errors.Is(err, errX) { // errX: it is changing right now
				return err
			}
		}
		if x.news {
			continue
		}
		if _, err := x.next(); err != nil {
			return err
		}
	}
}

// shrink sets the largest size that the server offers and that has at most this number of pixels.
func (x *xConn) shrink(randr byte, pixels int) error {
	const head, sizeLength = 32, 8
	info, err := x.ask(randr, xRandRInfo, words(x.root))
	if err != nil {
		return err
	}
	configured, count := info[16:20], int(little.Uint16(info[20:]))
	best, most := -1, 0
	for i := range min(count, (len(info)-head)/sizeLength) {
		size := info[head+i*sizeLength:]
		if n := int(little.Uint16(size)) * int(little.Uint16(size[2:])); n > most && n <= pixels {
			best, most = i, n
		}
	}
	if best < 0 {
		return fmt.Errorf("%w: no size of at most %d pixels", errX, pixels)
	}
	wish := slices.Concat(words(x.root, 0), configured)
	for _, v := range []uint16{uint16(best), xRotateNone, 0, 0} {
		wish = little.AppendUint16(wish, v)
	}
	_, err = x.ask(randr, xRandRSet, wish)
	return err
}

// limitScreen keeps the session's screen within its memory as long as the display runs.
func (s *session) limitScreen(ctx context.Context, cookie []byte) {
	x, err := dialX(displayNumber(s.login), cookie)
	if err == nil {
		defer x.close()
		err = x.keepScreen(ctx, guest.ScreenPixels(memory()))
	}
	slog.Debug("the screen is no longer limited", "account", s.login.Name, "reason", err)
}
