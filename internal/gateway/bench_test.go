package gateway_test

import (
	"io"
	"testing"

	"github.com/coder/websocket"
)

// BenchmarkThroughput carries a display's bytes to a browser that takes them as they come.
func BenchmarkThroughput(b *testing.B) {
	e := newEnv(b)
	g := e.gateway(nil)
	page := g.open(e.ticket())
	page.SetReadLimit(-1)
	screen := e.screens.last(b)
	const chunk = 32 << 10
	b.SetBytes(chunk)
	b.ReportAllocs()
	b.ResetTimer()
	go io.Copy(screen, io.LimitReader(zeros{}, int64(b.N)*chunk))
	for got := int64(0); got < int64(b.N)*chunk; {
		_, r, err := page.Reader(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		n, err := io.Copy(io.Discard, r)
		if err != nil {
			b.Fatal(err)
		}
		got += n
	}
	b.StopTimer()
	page.Close(websocket.StatusNormalClosure, "")
}
