package telemetry

import (
	"io"
	"log/slog"
	"os"
)

// LogFormat is the format of log lines.
type LogFormat string

// The formats. Anything else, such as Auto or an empty format, is text on a terminal and JSON elsewhere.
const (
	Auto LogFormat = "auto"
	JSON LogFormat = "json"
	Text LogFormat = "text"
)

// NewLogger returns a logger that writes lines of at least the given level to w. It adds what the context carries
// (WithRequest, WithJob, WithSubJob) and never prints the value of an attribute whose name tells that it is secret, at any
// depth. What a message itself says is not looked at.
func NewLogger(w io.Writer, format LogFormat, level slog.Leveler) *slog.Logger {
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: redact}
	if format == Text || format != JSON && isTerminal(w) {
		return slog.New(newContextHandler(slog.NewTextHandler(w, options)))
	}
	return slog.New(newContextHandler(slog.NewJSONHandler(w, options)))
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
