//go:build race

package job_test

// killEvery is how many calls lie between two kills. Under the race detector SQLite is ten times as slow;
// scripts/test plays every kill without it.
const killEvery = 13
