//go:build !race

package job_test

import "testing"

// killEvery is how many calls lie between two kills, officeDays how long an office is open; -short plays little of both.
func killEvery() int {
	if testing.Short() {
		return 37
	}
	return 1
}

func officeDays() int {
	if testing.Short() {
		return 1
	}
	return 3
}
