// Package samples makes the calls that the API's description gives as examples for curl, with curl, of a Carrel with simulated desktops.
package samples
