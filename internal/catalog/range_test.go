package catalog

import (
	"net/netip"
	"testing"

	"pgregory.net/rapid"
)

func TestABlockOfTheRangeIsFreeWhateverIsTaken(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := Range{netip.MustParsePrefix("10.112.0.0/22"), rapid.IntRange(22, 28).Draw(t, "bits")}
		var taken []netip.Prefix
		for range rapid.IntRange(0, 12).Draw(t, "taken") {
			at := netip.AddrFrom4([4]byte{10, 112, byte(rapid.IntRange(0, 5).Draw(t, "third")), byte(rapid.IntRange(0, 255).Draw(t, "fourth"))})
			taken = append(taken, netip.PrefixFrom(at, rapid.IntRange(22, 30).Draw(t, "size")).Masked())
		}
		block, there := r.free(taken)
		if !there {
			return
		}
		if block.Bits() != r.Bits || block != block.Masked() || !r.Prefix.Contains(block.Addr()) {
			t.Fatalf("%s is no block of %v", block, r)
		}
		for _, other := range taken {
			if block.Overlaps(other) {
				t.Fatalf("%s overlaps %s", block, other)
			}
		}
	})
}

func TestARangeCanBeFull(t *testing.T) {
	r := Range{netip.MustParsePrefix("10.112.0.0/23"), 24}
	var taken []netip.Prefix
	for _, want := range []string{"10.112.0.0/24", "10.112.1.0/24"} {
		block, there := r.free(taken)
		if !there || block.String() != want {
			t.Fatalf("got %s, want %s", block, want)
		}
		if name := networkOf(block); len(name) > 15 {
			t.Errorf("%s is too long for a bridge", name)
		}
		taken = append(taken, block)
	}
	if block, there := r.free(taken); there {
		t.Errorf("%s is free", block)
	}
	if _, there := (Range{}).free(nil); there {
		t.Error("no range has a free block")
	}
}
