//go:build race

package chaos

// ordinarily is how many seeds an ordinary run plays. Under the race detector SQLite is ten times as slow.
const ordinarily = 10

// onPostgres is how many it plays on PostgreSQL.
const onPostgres = 2
