package catalog

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

// AddressNumber makes IPv4 addresses sort and count. It returns 0 for none.
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
