// Package order keeps the orders of clients that buy what they want, as from a service that sells it. Carrel bills nobody: an order costs 0, is
// fulfilled when it is placed, and is kept so that an administrator can read who asked for what.
package order
