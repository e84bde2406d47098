//go:build race

package job_test

// Under the race detector SQLite is ten times as slow, so that less is played; scripts/test plays all of it without.
func killEvery() int { return 37 } // calls lie between two kills

func daysToPlay() int { return 0 }
