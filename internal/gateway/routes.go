package gateway

import (
	"fmt"
	"net/http"
	"strings"

	"carrel/internal/route"
)

// Path is where displays are.
const Path = "/gateway/display"

type displayInput struct {
	Ticket string `query:"ticket" required:"true" doc:"From the portal, once and within seconds"`
}

// Routes describes what a Gateway serves.
func Routes() []route.Route {
	var about strings.Builder
	about.WriteString("A WebSocket with the subprotocol binary, whose messages carry RFB. It is accepted even to refuse the ticket, and closed with a code:\n")
	for _, e := range Endings {
		fmt.Fprintf(&about, "\n- %d: %s", e.Code, e.Reason)
	}
	return []route.Route{{
		Pattern: "GET " + Path, ID: "OpenDisplay", Summary: "Open a desktop's display, as a WebSocket", About: about.String(), Tag: "gateway",
		Failures: []int{http.StatusBadRequest, http.StatusForbidden, http.StatusUpgradeRequired},
		Form:     route.FormOf[displayInput, route.Nothing](http.StatusSwitchingProtocols),
	}}
}
