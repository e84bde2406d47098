// Package recording keeps what Carrel answers: a script of calls over HTTP is played against the real program, over simulated
// desktops, on SQLite and on PostgreSQL, and compared with what was recorded in testdata:
//
//   - answers.txt: each call with its answer, the mails that it caused, and the jobs at the end;
//   - rows.txt: every row of the database afterwards;
//   - statements.tsv: how many SQL statements each call took, which must not rise.
//
// It knows no package of Carrel's own, so that code can move while it stays: it speaks HTTP and reads rows by plain SQL.
// Ids, times and secrets differ from run to run; mask_test.go says what is masked, and how.
//
// Record again with
//
//	scripts/with-postgres go test ./test/recording -update
//
// and look at the difference. Play the script against another program, such as one from before a change, with
//
//	CARREL_RECORDING_BINARY=/path/to/carrel go test ./test/recording
package recording
