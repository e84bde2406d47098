package portal

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"carrel/internal/workspace"
)

// The pace of event streams.
const (
	streamKeepAlive = 15 * time.Second // proxies close what is silent
	streamRecheck   = 30 * time.Second // whether the sign-in still holds
	streamStall     = 30 * time.Second // a page that does not take an event
)

// follower looks at the desktops of all people whose pages are open, in one go, and tells each page when its own change.
type follower struct {
	service Service
	log     *slog.Logger
	poll    time.Duration
	wake    chan struct{}

	mu      sync.Mutex
	streams map[*stream]bool
	closed  bool
}

// stream is one open page. cards holds the latest state that the page has not taken yet.
type stream struct {
	user  workspace.User
	last  []byte
	cards chan []byte
}

func newFollower(s Service, log *slog.Logger, poll time.Duration) *follower {
	return &follower{service: s, log: log, poll: poll, wake: make(chan struct{}, 1), streams: map[*stream]bool{}}
}

func (f *follower) run(ctx context.Context) {
	ticker := time.NewTicker(f.poll)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			f.close()
			return
		case <-ticker.C:
		case <-f.wake:
		}
		if err := f.look(ctx); err != nil && ctx.Err() == nil {
			f.log.WarnContext(ctx, "Following desktops", "err", err)
		}
	}
}

// nudge makes the next look come at once.
func (f *follower) nudge() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

func (f *follower) look(ctx context.Context) error {
	f.mu.Lock()
	byID := map[string]workspace.User{}
	for s := range f.streams {
		byID[s.user.ID] = s.user
	}
	f.mu.Unlock()
	if len(byID) == 0 {
		return nil
	}
	people := make([]workspace.User, 0, len(byID))
	for _, u := range byID {
		people = append(people, u)
	}
	all, err := f.service.DesktopsOf(ctx, people)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for s := range f.streams {
		if mine, looked := all[s.user.ID]; looked {
			if err := s.offer(mine); err != nil {
				return err
			}
		}
	}
	return nil
}

// offer leaves the cards for the page if they changed, in place of any that it has not taken.
func (s *stream) offer(mine []workspace.Mine) error {
	now, err := json.Marshal(cardsBody{cardsOf(mine)})
	if err != nil || bytes.Equal(now, s.last) {
		return err
	}
	s.last = now
	select {
	case <-s.cards:
	default:
	}
	s.cards <- now
	return nil
}

func (f *follower) join(u workspace.User) (*stream, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := &stream{user: u, cards: make(chan []byte, 1)}
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
		close(s.cards)
	}
}

// events streams a person's cards whenever they change, as server-sent events "desktops", the first at once. It ends with
// "signed-out" when the sign-in does, and without a word when the server goes away: browsers come back by themselves.
func (p *Portal) events(w http.ResponseWriter, r *http.Request, v workspace.Visitor) error {
	if v.MustChangePassword {
		return workspace.Errorf(workspace.CodeForbidden, "choose a new password first")
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
		case cards, open := <-s.cards:
			if !open {
				return nil
			}
			err = send(fmt.Sprintf("event: desktops\ndata: %s\n\n", cards))
		case <-keepAlive.C:
			err = send(": still here\n\n")
		case <-recheck.C:
			if _, gone := p.Service.SignedIn(r.Context(), cookieToken(r)); workspace.CodeOf(gone) == workspace.CodeBadCredentials {
				send("event: signed-out\ndata: {}\n\n")
				return nil
			}
		}
	}
	return nil // the page has gone
}

// eventWriter returns a function that writes and flushes; a page that does not take it in time has gone.
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
