package guest_test

import (
	"strings"
	"testing"

	"carrel/internal/guest"
)

func TestOutput(t *testing.T) {
	const kept = guest.OutputKept
	for _, c := range []struct{ name, in, want string }{
		{"Nothing", "", ""},
		{"Short", "a\nb\n", "a\nb\n"},
		{"AsLongAsIsKept", strings.Repeat("a", 2*kept), strings.Repeat("a", 2*kept)},
		{"OneTooLong", "<" + strings.Repeat("a", 2*kept-1) + ">", "<" + strings.Repeat("a", kept-1) + "\n[... 1 bytes are left out ...]\n" + strings.Repeat("a", kept-1) + ">"},
		{"MuchTooLong", "<" + strings.Repeat("a", 9*kept-2) + ">", "<" + strings.Repeat("a", kept-1) + "\n[... 229376 bytes are left out ...]\n" + strings.Repeat("a", kept-1) + ">"},
		{"WhatADatabaseDoesNotStore", "a\x00b\xffc", "a\uFFFDb\uFFFDc"},
		{"ACharacterAcrossTheMiddle", strings.Repeat("a", kept-1) + "ä", strings.Repeat("a", kept-1) + "ä"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, step := range []int{1, 7, kept, 1 << 20} {
				var o guest.Output
				for in := []byte(c.in); len(in) > 0; in = in[min(step, len(in)):] {
					if n, err := o.Write(in[:min(step, len(in))]); err != nil || n != min(step, len(in)) {
						t.Fatal(n, err)
					}
				}
				if got := o.String(); got != c.want {
					t.Errorf("in steps of %d: %d bytes %.40q, want %d %.40q", step, len(got), got, len(c.want), c.want)
				}
			}
		})
	}
}
