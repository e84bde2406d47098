package iam

import (
	"strconv"
	"testing"
	"time"
)

func TestACacheKeepsWhatIsAskedForAndNeverMoreThanItMay(t *testing.T) {
	var c cache[int]
	now := time.Unix(0, 0)
	c.put("asked for", -1, now)
	for i := range 3 * maxRemembered {
		c.put(strconv.Itoa(i), i, now)
		if n := c.size(); n > maxRemembered {
			t.Fatalf("%d values after %d", n, i)
		}
		if v, is := c.get("asked for", now); !is || v != -1 {
			t.Fatalf("what was always asked for is gone after %d", i)
		}
	}
	if _, is := c.get("0", now); is {
		t.Error("the oldest is still there")
	}
	if v, is := c.get(strconv.Itoa(3*maxRemembered-1), now); !is || v != 3*maxRemembered-1 {
		t.Error("the newest is not there")
	}
}

func TestACacheForgetsWhatNobodyAsksFor(t *testing.T) {
	var c cache[int]
	now := time.Unix(0, 0)
	c.put("a", 1, now)
	c.put("b", 2, now)
	for range 4 {
		now = now.Add(rememberedLife)
		if _, is := c.get("a", now); !is {
			t.Fatal("what is asked for is forgotten")
		}
	}
	if _, is := c.get("b", now); is {
		t.Error("what nobody asked for is remembered")
	}
	if _, is := c.get("a", now.Add(2*rememberedLife)); is {
		t.Error("it is remembered after ten minutes without anybody asking for anything")
	}
	c.put("a", 1, now)
	c.drop("a")
	if _, is := c.get("a", now); is || c.size() != 0 {
		t.Error("what was dropped is remembered")
	}
}
