package catalog

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

// AddressNumber converts an IPv4 address to a number, for sorting and counting; an empty one to 0.
func AddressNumber(address string) (int64, error) {
	if address == "" {
		return 0, nil
	}
	a, err := netip.ParseAddr(address)
	if err != nil {
		return 0, err
	}
	if !a.Is4() {
		return 0, fmt.Errorf("%s is not an IPv4 address", address)
	}
	b := a.As4()
	return int64(binary.BigEndian.Uint32(b[:])), nil
}
