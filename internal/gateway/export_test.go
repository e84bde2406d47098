package gateway

import "bytes"

// Follow returns what goes through of a viewer's bytes to a desktop with a usual screen, and why no more does.
func Follow(pieces ...[]byte) ([]byte, error) {
	var out bytes.Buffer
	i := &input{to: &out, pixels: func() int { return 16 << 20 }}
	for _, p := range pieces {
		if _, err := i.Write(p); err != nil {
			return out.Bytes(), err
		}
	}
	return out.Bytes(), nil
}
