//go:build !race

package job_test

import "testing"

// killEvery is how many calls lie between two kills, daysToPlay how many days are played; -short plays little of both.
func killEvery() int {
	if testing.Short() {
		return 37
	}
	return 1
}

func daysToPlay() int {
	if testing.Short() {
		return 1
	}
	return 3
}
