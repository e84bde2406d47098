//go:build !race

package job_test

const (
	killEvery  = 1 // calls lie between two kills
	officeDays = 3
)
