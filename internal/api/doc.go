// Package api is the HTTP interface of the Workspace API: it decodes a request, makes one call to one of core.Services and encodes the
// response. One file per area has its routes, wire types and handlers; the rules are in the rooms. Server adds authentication, the
// identity API, request ids, log lines and metrics.
package api
