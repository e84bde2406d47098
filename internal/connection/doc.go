// Package connection is what people do in the portal with the desktops and pools that they have, and what gateways tell of open
// displays.
package connection
