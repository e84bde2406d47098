// Package mail sends the outbox: the messages that other packages write in the transaction of the change they report. A message is composed
// when it is sent, in the user's language, so the outbox holds no secret. Failed deliveries are retried for a day.
package mail
