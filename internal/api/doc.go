// Package api is the Workspace HTTP face: it decodes a request, makes one call to one of core.Services and encodes the answer. A
// file per area holds its routes, wire types and handlers; the rules are in the rooms. Server puts the face behind
// authentication, together with the identity API, and gives every request an id, a log line and metrics.
package api
