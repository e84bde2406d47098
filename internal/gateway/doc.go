// Package gateway carries the displays of desktops to browsers.
//
// A browser opens GET /gateway/display?ticket=... as a WebSocket with the subprotocol "binary". It carries an RFB stream that the engine
// opens in the desktop, so no port of a desktop is reachable from outside. A ticket is valid once and for a short time, at any replica. A
// gateway re-checks every second that its connections are still allowed, all in one statement; while the store does not answer,
// connections continue and are checked when it does.
//
// A WebSocket is always accepted, even to refuse it: browsers do not show scripts the status of a refused handshake, but they do show
// close codes; see Ending. Only a foreign Origin is refused with status 403.
package gateway
