package workspace

// JobHashPasswords hashes the passwords of people who were added many at once, which takes some 50 ms each. Until a password's turn
// comes it is kept sealed with the key of the data directory, and opens like a hashed one.
const JobHashPasswords JobType = "hashPasswords"
