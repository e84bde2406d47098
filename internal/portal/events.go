package portal

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"carrel/internal/connection"
	"carrel/internal/directory"
	"carrel/internal/route"
	"carrel/internal/signin"
	"carrel/internal/workspace"
)

// Intervals of event streams.
const (
	streamKeepAlive = 15 * time.Second // proxies close what is silent
	streamRecheck   = 30 * time.Second // whether the sign-in still holds
	streamStall     = 30 * time.Second // a page that does not take an event
)

// follower polls the desktops and pools of all users with an open page, in one query, and sends each page its changes.
type follower struct {
	service Desktops
	log     *slog.Logger
	poll    time.Duration
	wake    chan struct{}

	// Of the goroutine that looks:
	looks   int
	waiting []string  // who waits for a desktop of a pool
	renewed time.Time // when their places last were

	mu      sync.Mutex
	streams map[*stream]bool
	closed  bool
}

// poolsEach is the number of polls of desktops per poll of pools, which change less often. While a user waits, or has just acted, pools are
// polled every time.
const poolsEach = 4

// stream is one open page.
type stream struct {
	user     directory.User
	desktops news
	pools    news
}

// news is the latest state that a page has not received yet.
type news struct {
	last []byte
	next chan []byte
}

func newFollower(s Desktops, log *slog.Logger, poll time.Duration) *follower {
	return &follower{service: s, log: log, poll: poll, wake: make(chan struct{}, 1), streams: map[*stream]bool{}}
}

func (f *follower) run(ctx context.Context) {
	ticker := time.NewTicker(f.poll)
	defer ticker.Stop()
	for {
		nudged := false
		select {
		case <-ctx.Done():
			f.close()
			return
		case <-ticker.C:
		case <-f.wake:
			nudged = true
		}
		if err := f.look(ctx, nudged); err != nil && ctx.Err() == nil {
			f.log.WarnContext(ctx, "following desktops and pools", "error", err)
		}
	}
}

// nudge triggers the next poll at once.
func (f *follower) nudge() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

func (f *follower) look(ctx context.Context, nudged bool) error {
	people := f.people()
	if len(people) == 0 {
		f.waiting = nil
		return nil
	}
	desktops, err := f.service.DesktopsOf(ctx, people)
	if err != nil {
		return err
	}
	var pools map[string][]connection.UserPool
	if f.looks++; nudged || len(f.waiting) > 0 || f.looks%poolsEach == 0 {
		if pools, err = f.service.PoolsOf(ctx, people); err != nil {
			return err
		}
		if err := f.keepPlaces(ctx, pools); err != nil {
			return err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for s := range f.streams {
		if own, looked := desktops[s.user.ID]; looked {
			if err := s.desktops.offer(cardsBody{cardsOf(own)}); err != nil {
				return err
			}
		}
		if own, looked := pools[s.user.ID]; looked {
			if err := s.pools.offer(poolsBody{poolCardsOf(own)}); err != nil {
				return err
			}
		}
	}
	return nil
}

// people returns the users with an open page, without duplicates.
func (f *follower) people() []directory.User {
	f.mu.Lock()
	defer f.mu.Unlock()
	byID := map[string]directory.User{}
	for s := range f.streams {
		byID[s.user.ID] = s.user
	}
	return slices.Collect(maps.Values(byID))
}

// keepPlaces renews the places of users who wait for a desktop while their page is open.
func (f *follower) keepPlaces(ctx context.Context, pools map[string][]connection.UserPool) error {
	f.waiting = f.waiting[:0]
	for id, own := range pools {
		if slices.ContainsFunc(own, func(p connection.UserPool) bool { return p.Wait != nil }) {
			f.waiting = append(f.waiting, id)
		}
	}
	if now := time.Now(); now.Sub(f.renewed) >= connection.WaitLife/4 && len(f.waiting) > 0 {
		f.renewed = now
		return f.service.KeepWaiting(ctx, f.waiting)
	}
	return nil
}

// offer queues a state for the page if it changed, replacing one that the page has not received.
func (n *news) offer(state any) error {
	now, err := json.Marshal(state)
	if err != nil || bytes.Equal(now, n.last) {
		return err
	}
	n.last = now
	select {
	case <-n.next:
	default:
	}
	n.next <- now
	return nil
}

func (f *follower) join(u directory.User) (*stream, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := &stream{user: u, desktops: news{next: make(chan []byte, 1)}, pools: news{next: make(chan []byte, 1)}}
	if f.closed {
		return s, false
	}
	f.streams[s] = true
	f.nudge()
	return s, true
}

func (f *follower) leave(s *stream) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.streams, s)
}

// close ends all streams by closing their channels.
func (f *follower) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	for s := range f.streams {
		delete(f.streams, s)
		close(s.desktops.next)
	}
}

// streaming is the handler of the event stream.
func (p *Portal) streaming() handler {
	form := route.StreamOf[none](
		route.Event{Name: "desktops", Data: cardsBody{}}, route.Event{Name: "pools", Data: poolsBody{}}, route.Event{Name: "signed-out", Data: none{}},
	)
	return handler{form: form, security: []route.Scheme{bySession}, serve: p.events}
}

// events streams a user's cards as server-sent events "desktops" and "pools", at once and after each change. The stream ends with "signed-out"
// when the sign-in ends, and without an event when the server stops: browsers reconnect automatically.
func (p *Portal) events(w http.ResponseWriter, r *http.Request, v signin.Visitor) error {
	if err := p.Desktops.MayUseDesktops(r.Context(), v); err != nil {
		return err
	}
	s, ok := p.follower.join(v.User)
	if !ok {
		return workspace.Errorf(workspace.CodeUnavailable, "the server restarts, try again in a moment")
	}
	defer p.follower.leave(s)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would hold events back
	keepAlive, recheck := time.NewTicker(streamKeepAlive), time.NewTicker(streamRecheck)
	defer keepAlive.Stop()
	defer recheck.Stop()
	send := eventWriter(w)
	err := send("retry: 1000\n\n")
	for err == nil {
		select {
		case <-r.Context().Done():
			return nil
		case cards, open := <-s.desktops.next:
			if !open {
				return nil
			}
			err = send(fmt.Sprintf("event: desktops\ndata: %s\n\n", cards))
		case cards := <-s.pools.next:
			err = send(fmt.Sprintf("event: pools\ndata: %s\n\n", cards))
		case <-keepAlive.C:
			err = send(": still here\n\n")
		case <-recheck.C:
			if _, gone := p.SignIns.SignedIn(r.Context(), cookieToken(r)); workspace.CodeOf(gone) == workspace.CodeBadCredentials {
				send("event: signed-out\ndata: {}\n\n")
				return nil
			}
		}
	}
	return nil // the page has gone
}

// eventWriter returns a function that writes and flushes an event; a page that does not receive it in time is considered gone.
func eventWriter(w http.ResponseWriter) func(string) error {
	control := http.NewResponseController(w)
	return func(text string) error {
		if err := control.SetWriteDeadline(time.Now().Add(streamStall)); err != nil {
			return err
		}
		if _, err := w.Write([]byte(text)); err != nil {
			return err
		}
		return control.Flush()
	}
}
