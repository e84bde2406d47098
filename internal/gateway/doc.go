// Package gateway carries the displays of desktops to browsers.
//
// A browser opens GET /gateway/display?ticket=... as a WebSocket with the subprotocol "binary"; behind it is an RFB stream
// that the engine opens inside the desktop, so no desktop port can be reached from outside. A ticket is good once and
// soon, and any replica can take it. What a connection rests on is looked at again every second, for all connections of a
// gateway in one statement; when the store does not answer, connections go on and are looked at when it does.
//
// A WebSocket is always accepted, even to refuse it: browsers do not show scripts the status of a refused handshake, but
// they do show close codes. See Ending for those. Only a foreign Origin is refused by status 403.
package gateway
