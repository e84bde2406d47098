package store

import (
	"context"
	"sync"
)

// workSignals signals goroutines that wait for work. Its zero value is ready for use.
type workSignals struct {
	mu       sync.Mutex // guards what follows
	channels map[chan struct{}]struct{}
	closed   bool
	stop     context.CancelFunc // ends the listener; nil if there is none
	done     sync.WaitGroup     // waits for the listener
}

// channel returns a channel with room for one signal, which gets signals until the context ends.
func (w *workSignals) channel(ctx context.Context) <-chan struct{} {
	c := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.channels == nil {
		w.channels = map[chan struct{}]struct{}{}
	}
	w.channels[c] = struct{}{}
	context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.channels, c)
	})
	return c
}

// signal sends to every channel that has room. A full one has a signal already.
func (w *workSignals) signal() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.channels {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// listenOnce runs listen in the background until close, unless it is running already.
func (w *workSignals) listenOnce(listen func(context.Context)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stop != nil || w.closed {
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	w.stop = stop
	w.done.Go(func() { listen(ctx) })
}

// close ends the listener and waits for its end.
func (w *workSignals) close() {
	w.mu.Lock()
	w.closed = true
	if w.stop != nil {
		w.stop()
	}
	w.mu.Unlock()
	w.done.Wait()
}
