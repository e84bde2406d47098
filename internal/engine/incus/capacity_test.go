package incus

import "testing"

func TestPoolsLeaveAReserveOfTheDiskUnderThem(t *testing.T) {
	const gib = 1 << 30
	for _, c := range []struct {
		wanted, size, free, pools, want int
	}{
		{200, 1000, 900, 2, 200},
		{200, 252, 78, 2, 32}, // 78 less 5 % of 252, for two
		{200, 252, 10, 2, 1},
		{20, 252, 78, 1, 20},
	} {
		d := disk{size: int64(c.size) * gib, free: int64(c.free) * gib}
		if got := poolSize(c.wanted, d, c.pools); got != c.want {
			t.Errorf("%d GiB on a disk with %d of %d GiB free, %d pools: %d, want %d", c.wanted, c.free, c.size, c.pools, got, c.want)
		}
	}
}
