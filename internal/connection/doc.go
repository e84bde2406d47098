// Package connection serves users in the portal: it lists the desktops and pools they have access to, opens them and runs power actions.
// It also records the open displays that gateways report.
package connection
