// Package guest is the protocol between the control plane and carrel-guest, the program inside every desktop.
//
// The wanted state travels as one JSON document, Desktop. An engine stores it beside the machine where the guest can
// read it at boot (Incus: the instance key ConfigKey, read through /dev/incus), and sends it again on the standard
// input of "carrel-guest apply" when it changes while the machine runs. Applying a document twice changes nothing.
package guest

import "time"

// ConfigKey is the instance key that holds the Desktop document.
const ConfigKey = "user.carrel.guest"

// Path is where the program lives inside a desktop.
const Path = "/usr/bin/carrel-guest"

// Desktop is all that a desktop should be on the inside. It carries no secrets.
type Desktop struct {
	Hostname string    `json:"hostname"`
	Timezone string    `json:"timezone,omitempty"` // IANA name; empty means UTC
	Locale   string    `json:"locale,omitempty"`   // such as "zh_CN.UTF-8"; empty means the image's own
	Network  Network   `json:"network"`
	Accounts []Account `json:"accounts"` // those that Carrel owns; one that is no longer named loses access at once
	// Volumes are the mount points of the data disks. A single account owns them; several share them, and there each
	// may remove only what it has made itself.
	Volumes []string `json:"volumes,omitempty"`
}

// Network is the address of the desktop's only interface. The guest sets it itself: that is a second faster than DHCP.
type Network struct {
	Address string   `json:"address,omitempty"` // CIDR form, "10.87.0.12/16"; empty means DHCP
	Gateway string   `json:"gateway,omitempty"`
	DNS     []string `json:"dns,omitempty"`
}

// Account is a person's login inside the desktop; it has no password, the gateway has already authenticated them.
type Account struct {
	Name  string `json:"name"`  // letters, digits, hyphen, underscore; at most 32 characters
	Group string `json:"group"` // GroupAdmin or GroupUser
	// Former is what the account was called, if it is to be renamed: with its home and all that it owns. An account that has the
	// new name already, or of which nothing is there, makes no difference.
	Former string `json:"former,omitempty"`
	// Erase asks for the home directory to be removed; it applies to accounts that are being taken away.
	Erase bool `json:"erase,omitempty"`
	// Absent asks for the account's session, access and (with Erase) data to be gone.
	Absent bool `json:"absent,omitempty"`
}

// The groups of an Account.
const (
	GroupAdmin = "sudo"    // may become root
	GroupUser  = "default" // may not
)

// Message is shown to everybody who has a session, or to one account.
type Message struct {
	Account string `json:"account,omitempty"` // empty means every session
	Title   string `json:"title"`
	Text    string `json:"text"`
	Urgent  bool   `json:"urgent,omitempty"` // stays until it is dismissed
	// ID makes the message take the place of an earlier one with the same ID; empty for one of its own.
	ID string `json:"id,omitempty"`
	// Until has an urgent message count down to a time, at which it goes away; zero for none.
	Until time.Time `json:"until,omitzero"`
}

// Status is what "carrel-guest status" and "carrel-guest apply" print.
type Status struct {
	Hostname string `json:"hostname"`
	Applied  bool   `json:"applied"` // the last document has been carried out
	Error    string `json:"error,omitempty"`
	// Warnings are the parts of the document that could not be applied and that no session depends on: an unknown time zone, a
	// locale that the image does not have.
	Warnings []string  `json:"warnings,omitempty"`
	Sessions []Session `json:"sessions"`
}

// Session is one person's running display.
type Session struct {
	Account string        `json:"account"`
	Display bool          `json:"display"` // the display server answers
	Panel   bool          `json:"panel"`   // the desktop panel is drawn
	Clients int           `json:"clients"` // viewers connected now
	Idle    time.Duration `json:"idle"`    // nanoseconds since the last key or pointer event
	Begun   time.Time     `json:"begun"`   // when its programs were started
}
