// Package mail sends the outbox: the messages that the domain writes in the transaction of what they tell of. Each is
// composed when it is sent, in the reader's language, so that the outbox holds no secret; what cannot be sent is tried again
// for a day.
package mail
