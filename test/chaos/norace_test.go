//go:build !race

package chaos

// ordinarily is how many seeds an ordinary run plays.
const ordinarily = 500

// onPostgres is how many it plays on PostgreSQL.
const onPostgres = 4
