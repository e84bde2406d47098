package guest

import (
	"fmt"
	"strings"
)

// Output collects what a script prints, within OutputKept bytes at each end. It is not safe for concurrent use.
type Output struct {
	head, tail []byte
	left       int64 // bytes between the two
}

// Write implements io.Writer. It never fails.
func (o *Output) Write(b []byte) (int, error) {
	n := len(b)
	take := min(n, OutputKept-len(o.head))
	o.head, b = append(o.head, b[:take]...), b[take:]
	o.tail = append(o.tail, b...)
	if extra := len(o.tail) - OutputKept; extra > OutputKept { // so that it is moved once for many small writes
		o.cut(extra)
	}
	return n, nil
}

func (o *Output) cut(extra int) {
	o.left += int64(extra)
	o.tail = append(o.tail[:0], o.tail[extra:]...)
}

// String returns the text. What no database stores is replaced.
func (o *Output) String() string {
	if extra := len(o.tail) - OutputKept; extra > 0 {
		o.cut(extra)
	}
	middle := ""
	if o.left > 0 {
		middle = fmt.Sprintf("\n[... %d bytes are left out ...]\n", o.left)
	}
	text := strings.ToValidUTF8(string(o.head), "\uFFFD") + middle + strings.ToValidUTF8(string(o.tail), "\uFFFD")
	if o.left == 0 {
		text = strings.ToValidUTF8(string(o.head)+string(o.tail), "\uFFFD")
	}
	return strings.ReplaceAll(text, "\x00", "\uFFFD")
}
