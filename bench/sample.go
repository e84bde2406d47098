package main

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// sample is a number of durations of the same thing.
type sample []time.Duration

// pickAll is one duration of each of several.
func pickAll[T any](all []T, pick func(T) time.Duration) sample {
	s := make(sample, len(all))
	for i := range all {
		s[i] = pick(all[i])
	}
	return s
}

// quantile is the smallest duration that a share q, 0 to 1, of the sample does not exceed; 0 for an empty sample.
func (s sample) quantile(q float64) time.Duration {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	return sorted[max(int(math.Ceil(q*float64(len(sorted))))-1, 0)]
}

// median is the middle one, or the mean of the two in the middle.
func (s sample) median() time.Duration {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[half]
	}
	return (sorted[half-1] + sorted[half]) / 2
}

// seconds writes "1.85 s"; milliseconds writes "3.1 ms".
func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.2f ms", d.Seconds()*1e3) }

func ratio(a, b time.Duration) string {
	if b == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", a.Seconds()/b.Seconds())
}
