package recording

import (
	"strings"
	"sync"

	"github.com/coder/websocket"
)

// displays are those that people have open.
type displays struct {
	mu     sync.Mutex // guards what follows
	open   map[string]*websocket.Conn
	leaves map[string]bool // who closes theirs
	ended  []string        // whose ended otherwise
}

func newDisplays() *displays {
	return &displays{open: map[string]*websocket.Conn{}, leaves: map[string]bool{}}
}

func (d *displays) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.open)
}

func (d *displays) has(person string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.open[person] != nil
}

// takeEnded returns which displays ended since the last time.
func (d *displays) takeEnded() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	ended := d.ended
	d.ended = nil
	return ended
}

// openDisplay has somebody work in the desktop for which {ticket} was kept, until the program or closeDisplay ends that.
func (p *player) openDisplay(person string) string {
	p.Helper()
	address := "ws" + strings.TrimPrefix(p.server.Bootstrap.Endpoint, "http") + "/gateway/display?ticket=" + p.kept["ticket"]
	//nolint:bodyclose // the library closes it
	ws, _, err := websocket.Dial(p.Context(), address, &websocket.DialOptions{Subprotocols: []string{"binary"}})
	if err != nil {
		p.Fatalf("opening the display of %s: %v", person, err)
	}
	_, greeting, err := ws.Read(p.Context())
	if err != nil {
		p.Fatalf("reading the display of %s: %v", person, err)
	}
	d := p.displays
	d.mu.Lock()
	d.open[person] = ws
	d.mu.Unlock()
	p.watching.Go(func() { d.watch(p, person, ws) })
	p.Cleanup(func() {
		_ = ws.CloseNow()
		p.watching.Wait()
	})
	return strings.TrimSpace(string(greeting))
}

// watch reads a display until its end. How it says that it ended is a race: the desktop is worked on, and its stream breaks.
func (d *displays) watch(p *player, person string, ws *websocket.Conn) {
	var err error
	for err == nil {
		_, _, err = ws.Read(p.Context())
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.open, person)
	if !d.leaves[person] {
		d.ended = append(d.ended, "the display of "+person+" ended")
	}
	delete(d.leaves, person)
}

// closeDisplay has somebody leave.
func (p *player) closeDisplay(person string) string {
	p.Helper()
	d := p.displays
	d.mu.Lock()
	ws := d.open[person]
	d.leaves[person] = true
	d.mu.Unlock()
	if ws == nil {
		p.Fatalf("%s has no display", person)
	}
	if err := ws.Close(websocket.StatusNormalClosure, ""); err != nil {
		p.Fatalf("closing the display of %s: %v", person, err)
	}
	return "closed"
}
