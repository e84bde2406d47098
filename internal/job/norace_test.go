//go:build !race

package job_test

// killEvery is how many calls lie between two kills.
const killEvery = 1
