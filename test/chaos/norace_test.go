//go:build !race

package chaos

// ordinarily is how many seeds an ordinary run plays.
const ordinarily = 500
