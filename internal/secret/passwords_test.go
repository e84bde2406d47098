package secret_test

import (
	"errors"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"

	"carrel/internal/secret"
)

var cheap = secret.Cost{MemoryKiB: 64, Passes: 1, Lanes: 1}

func passwords(t testing.TB, cost secret.Cost) *secret.Passwords {
	t.Helper()
	p, err := secret.NewPasswords(cost)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func hash(t *testing.T, p *secret.Passwords, password string) string {
	t.Helper()
	h, err := p.Hash(password)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestPasswords(t *testing.T) {
	p := passwords(t, cheap)

	t.Run("AreVerifiedByTheirHashAlone", func(t *testing.T) {
		h := hash(t, p, "pässword 密码")
		if ok, rehash := p.Verify("pässword 密码", h); !ok || rehash {
			t.Errorf("right password: %v, %v", ok, rehash)
		}
		for _, wrong := range []string{"", "password", "pässword 密码 ", strings.Repeat("x", 5000)} {
			if ok, rehash := p.Verify(wrong, h); ok || rehash {
				t.Errorf("%.20q: %v, %v", wrong, ok, rehash)
			}
		}
	})
	t.Run("AreTheSameComposedAndDecomposed", func(t *testing.T) {
		const composed, decomposed = "Gr\u00fc\u00dfe 123", "Gru\u0308\u00dfe 123"
		for _, stored := range []string{composed, decomposed} {
			for _, typed := range []string{composed, decomposed} {
				if ok, rehash := p.Verify(typed, hash(t, p, stored)); !ok || rehash {
					t.Errorf("%+q for %+q: %v, %v", typed, stored, ok, rehash)
				}
			}
		}
		// Made of the decomposed form by an earlier version.
		const old = "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$hhmx4cMdqg8wNPOJGfL90TW7/gGvRz8C2JELO30jZl0"
		for _, typed := range []string{composed, decomposed} {
			if ok, rehash := p.Verify(typed, old); !ok || !rehash {
				t.Errorf("%+q for an old hash: %v, %v", typed, ok, rehash)
			}
		}
	})
	t.Run("HaveASaltEach", func(t *testing.T) {
		if hash(t, p, "same") == hash(t, p, "same") {
			t.Error("two hashes of one password are equal")
		}
	})
	t.Run("HaveOneTo1024Bytes", func(t *testing.T) {
		longest := strings.Repeat("x", secret.MaxPasswordBytes)
		if ok, _ := p.Verify(longest, hash(t, p, longest)); !ok {
			t.Error("the longest password is not verified")
		}
		for _, password := range []string{"", longest + "x"} {
			if _, err := p.Hash(password); !errors.Is(err, secret.ErrPasswordLength) {
				t.Errorf("Hash of %d bytes: %v", len(password), err)
			}
		}
	})
	t.Run("OfAnotherCostAreToBeHashedAgain", func(t *testing.T) {
		old := hash(t, p, "secret")
		now := passwords(t, secret.Cost{MemoryKiB: 128, Passes: 1, Lanes: 1})
		if ok, rehash := now.Verify("secret", old); !ok || !rehash {
			t.Errorf("right password: %v, %v", ok, rehash)
		}
		if ok, rehash := now.Verify("wrong", old); ok || rehash {
			t.Errorf("wrong password: %v, %v", ok, rehash)
		}
	})
	t.Run("OfOtherImplementationsAreRead", func(t *testing.T) {
		// From the test vectors of the reference implementation of argon2.
		const known = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
		if ok, rehash := p.Verify("password", known); !ok || !rehash {
			t.Errorf("known hash: %v, %v", ok, rehash)
		}
	})
	t.Run("WithoutAReadableHashMatchNothing", func(t *testing.T) {
		good := hash(t, p, "secret")
		for _, h := range []string{
			"", "secret", "$", "$$$$$", good + "$", good[:len(good)-30], good + "\n",
			strings.Replace(good, "argon2id", "argon2i", 1), strings.Replace(good, "v=19", "v=16", 1),
			strings.Replace(good, "t=1", "t=0", 1), strings.Replace(good, "t=1", "t=01", 1),
			strings.Replace(good, "t=1", "t=4000000000", 1), strings.Replace(good, "p=1", "p=0", 1),
			strings.Replace(good, "p=1", "p=255", 1), strings.Replace(good, "m=64", "m=4294967295", 1),
			strings.Replace(good, "m=64", "m=-64", 1), good + strings.Repeat("A", 1000),
		} {
			if ok, rehash := p.Verify("secret", h); ok || rehash {
				t.Errorf("Verify(%q) = %v, %v", h, ok, rehash)
			}
		}
	})
	t.Run("NeedACostWithinLimits", func(t *testing.T) {
		if h := hash(t, passwords(t, secret.Cost{}), "secret"); !strings.HasPrefix(h, "$argon2id$v=19$m=40960,t=2,p=1$") {
			t.Errorf("a hash of the default cost: %s", h)
		}
		for _, c := range []secret.Cost{{Passes: 1, Lanes: 1}, {MemoryKiB: 64, Passes: 1}, {MemoryKiB: 1 << 30, Passes: 1, Lanes: 1}, {MemoryKiB: 64, Passes: 100, Lanes: 1}} {
			if _, err := secret.NewPasswords(c); err == nil {
				t.Errorf("cost %+v was taken", c)
			}
		}
	})
}

// An answer must not tell by its time whether there is such a user, so the same work is done. The memory that a hash takes
// is counted, because time is not a fact on a busy machine.
func TestUnknownUsersCostAsMuchAsWrongPasswords(t *testing.T) {
	cost := secret.Cost{MemoryKiB: 8 << 10, Passes: 1, Lanes: 1}
	p := passwords(t, cost)
	known := hash(t, p, "secret")
	for name, verify := range map[string]func(){
		"wrong password":          func() { p.Verify("wrong", known) },
		"unknown user":            func() { p.VerifyNothing("wrong") },
		"user without a password": func() { p.Verify("wrong", "") },
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		verify()
		runtime.ReadMemStats(&after)
		if took := (after.TotalAlloc - before.TotalAlloc) >> 10; took < uint64(cost.MemoryKiB) || took > uint64(cost.MemoryKiB)*3/2 {
			t.Errorf("%s: a hash of %d KiB took %d KiB", name, cost.MemoryKiB, took)
		}
	}
}

func TestABurstOfSignInsCostsTimeAndNotMemory(t *testing.T) {
	const callers = 64
	cost := secret.Cost{MemoryKiB: 8 << 10, Passes: 1, Lanes: 1}
	p := passwords(t, cost)
	defer debug.SetGCPercent(debug.SetGCPercent(10)) // what is measured is what lives
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)

	var all sync.WaitGroup
	for range callers {
		all.Go(func() { p.VerifyNothing("wrong") })
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	var peak uint64
	for running := true; running; {
		runtime.ReadMemStats(&now)
		peak = max(peak, now.HeapAlloc)
		select {
		case <-done:
			running = false
		default:
			runtime.Gosched()
		}
	}
	one := uint64(cost.MemoryKiB) << 10
	grew := int64(peak) - int64(before.HeapAlloc)
	if limit := int64(one) * int64(2*runtime.GOMAXPROCS(0)+4); grew > limit {
		t.Errorf("%d sign-ins at once took %d MiB more, want at most %d", callers, grew>>20, limit>>20)
	}
}

func BenchmarkSignIn(b *testing.B) {
	p := passwords(b, secret.DefaultCost)
	h, err := p.Hash("secret")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		p.Verify("secret", h)
	}
}
