// Package wire is the forms of requests and answers on the wire: generated from the API's data (internal/api/data) and the overlay
// (internal/api/overlay) by `make generate`, but for what all of them share.
package wire
