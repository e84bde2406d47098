package gateway

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"carrel/internal/guest"
	"carrel/internal/signin"
)

// Buffer sizes of a connection, in bytes. The gateway reads from a display only after the browser has taken the previous data: a slow browser
// slows down its own display and costs no memory.
const (
	displayBuffer = 32 << 10
	inputBuffer   = 4 << 10
	inputLimit    = 16 << 20 // of one message; a large clipboard is the largest
)

// openDisplay is one open display.
type openDisplay struct {
	id      string
	ticket  signin.Ticket
	gateway *Gateway
	display io.ReadWriteCloser
	ws      *websocket.Conn
	log     *slog.Logger
	begun   time.Time

	ended    chan Ending // receives the first one
	copies   sync.WaitGroup
	sent     atomic.Int64 // bytes to the browser
	received atomic.Int64
	pixels   int // maximum of the screen; 0 until needed. Used only by copyIn
}

// finish ends the connection; the first call determines the Ending.
func (c *openDisplay) finish(e Ending) {
	select {
	case c.ended <- e:
	default:
	}
}

// carry copies in both directions until the connection ends. When it returns, the display is closed: nothing more is shown or typed. The caller
// has to close the WebSocket, which ends the copying goroutines, and then wait for them.
func (c *openDisplay) carry(ctx context.Context) Ending {
	c.ws.SetReadLimit(inputLimit)
	c.copies.Go(c.copyOut)
	c.copies.Go(c.copyIn)
	defer c.display.Close()
	ping := time.NewTicker(c.gateway.Ping)
	defer ping.Stop()
	pinging := make(chan error, 1)
	for waiting := false; ; {
		select {
		case e := <-c.ended:
			return e
		case err := <-pinging:
			if waiting = false; err != nil {
				c.finish(Slow)
			}
		case <-ping.C:
			if waiting {
				continue
			}
			waiting = true
			c.copies.Go(func() { pinging <- c.ping(ctx) })
		}
	}
}

func (c *openDisplay) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.gateway.Stall)
	defer cancel()
	return c.ws.Ping(ctx)
}

// copyOut copies from the display to the browser. A watchdog ends stalled frames; unlike a context per frame it allocates nothing.
func (c *openDisplay) copyOut() {
	watchdog := time.AfterFunc(time.Hour, func() {
		c.finish(Slow)
		c.ws.CloseNow()
	})
	watchdog.Stop()
	sent := c.gateway.metrics.bytes.WithLabelValues("to_browser")
	buf := make([]byte, displayBuffer)
	for {
		n, err := c.display.Read(buf)
		if n > 0 {
			watchdog.Reset(c.gateway.Stall)
			werr := c.ws.Write(context.Background(), websocket.MessageBinary, buf[:n])
			watchdog.Stop()
			if werr != nil {
				c.finish(Left)
				return
			}
			if c.sent.Add(int64(n)) == int64(n) {
				c.gateway.metrics.firstByte.Observe(time.Since(c.begun).Seconds())
			}
			sent.Add(float64(n))
		}
		if err != nil {
			c.finish(DisplayLost)
			return
		}
	}
}

// copyIn copies from the browser to the display.
func (c *openDisplay) copyIn() {
	to := &input{to: c.display, pixels: c.largestScreen}
	received := c.gateway.metrics.bytes.WithLabelValues("from_browser")
	buf := make([]byte, inputBuffer)
	for {
		kind, message, err := c.ws.Reader(context.Background())
		if err != nil {
			c.finish(Left)
			return
		}
		if kind != websocket.MessageBinary {
			c.finish(BadMessage)
			return
		}
		n, err := io.CopyBuffer(to, message, buf)
		c.received.Add(n)
		received.Add(float64(n))
		switch {
		case err == nil:
			continue
		case errors.Is(err, errMessage):
			c.log.WarnContext(context.Background(), "a display is closed for what the browser sent", "error", err)
			c.finish(NotUnderstood)
		case errors.Is(err, errScreen):
			c.finish(DisplayLost)
		default:
			c.finish(Left)
		}
		return
	}
}

// largestScreen is the maximum number of pixels of the desktop's screen.
func (c *openDisplay) largestScreen() int {
	if c.pixels > 0 {
		return c.pixels
	}
	ctx, cancel := context.WithTimeout(context.Background(), c.gateway.OpenLimit)
	defer cancel()
	m, err := c.gateway.Displays.Find(ctx, c.ticket.DesktopID)
	if err != nil {
		c.log.WarnContext(ctx, "a desktop's memory is unknown, limiting it to a small screen", "error", err)
		return guest.ScreenPixels(0)
	}
	c.pixels = guest.ScreenPixels(m.MemoryMiB)
	return c.pixels
}
