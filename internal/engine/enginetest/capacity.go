package enginetest

import (
	"context"
	"slices"
	"testing"

	"carrel/internal/engine"
)

func (s *suite) capacity() []check {
	return []check{
		{"Each class has one pool, and none holds more than its size", func(t *testing.T, ctx context.Context) {
			d, err := s.Engine.Describe(ctx)
			if err != nil {
				t.Fatal(err)
			}
			c, err := s.Engine.Capacity(ctx)
			if err != nil || c.Memory < 0 {
				t.Fatalf("the capacity is %+v, %v", c, err)
			}
			for _, class := range d.Classes {
				serving := slices.DeleteFunc(slices.Clone(c.Pools), func(p engine.Pool) bool { return !slices.Contains(p.Classes, class) })
				if len(serving) != 1 {
					t.Errorf("class %s is served by %+v", class, serving)
				}
			}
			for _, p := range c.Pools {
				if p.Name == "" || p.Used < 0 || p.Size < 0 || p.Size > 0 && p.Used > p.Size {
					t.Errorf("a pool is %+v", p)
				}
			}
		}},
	}
}
