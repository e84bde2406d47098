package rfb

import (
	"encoding/binary"
	"fmt"
	"image"
)

// PixelFormat is the encoding of a pixel. Only true colour is supported.
type PixelFormat struct {
	BitsPerPixel uint8 // 8, 16 or 32
	Depth        uint8
	BigEndian    bool
	TrueColour   bool
	Max          [3]uint16 // the maximum of red, green and blue
	Shift        [3]uint8  // the positions of their lowest bits
}

// native is the format of Go's image.RGBA in memory.
var native = PixelFormat{
	BitsPerPixel: 32, Depth: 24, TrueColour: true, Max: [3]uint16{255, 255, 255}, Shift: [3]uint8{0, 8, 16},
}

func parsePixelFormat(b []byte) PixelFormat {
	f := PixelFormat{BitsPerPixel: b[0], Depth: b[1], BigEndian: b[2] != 0, TrueColour: b[3] != 0}
	for i := range f.Max {
		f.Max[i] = binary.BigEndian.Uint16(b[4+2*i:])
		f.Shift[i] = b[10+i]
	}
	return f
}

func (f PixelFormat) append(b []byte) []byte {
	b = append(b, f.BitsPerPixel, f.Depth, flag(f.BigEndian), flag(f.TrueColour))
	for _, m := range f.Max {
		b = binary.BigEndian.AppendUint16(b, m)
	}
	return append(b, f.Shift[0], f.Shift[1], f.Shift[2], 0, 0, 0)
}

func flag(yes bool) byte {
	if yes {
		return 1
	}
	return 0
}

func (f PixelFormat) check() error {
	switch {
	case f.BitsPerPixel != 8 && f.BitsPerPixel != 16 && f.BitsPerPixel != 32:
		return fmt.Errorf("%d bits per pixel; 8, 16 and 32 are served", f.BitsPerPixel)
	case !f.TrueColour:
		return fmt.Errorf("colour maps are not served")
	}
	for i := range f.Shift {
		if f.Shift[i] >= f.BitsPerPixel {
			return fmt.Errorf("a colour shifted by %d bits in a pixel of %d", f.Shift[i], f.BitsPerPixel)
		}
	}
	return nil
}

// appendPixels adds the area of the picture, row by row.
func (f PixelFormat) appendPixels(b []byte, p *image.RGBA, area image.Rectangle) []byte {
	if f == native {
		for y := area.Min.Y; y < area.Max.Y; y++ {
			b = append(b, p.Pix[p.PixOffset(area.Min.X, y):p.PixOffset(area.Max.X, y)]...)
		}
		return b
	}
	table := f.table()
	for y := area.Min.Y; y < area.Max.Y; y++ {
		row := p.Pix[p.PixOffset(area.Min.X, y):p.PixOffset(area.Max.X, y)]
		for ; len(row) >= 4; row = row[4:] {
			b = f.appendPixel(b, table[0][row[0]]|table[1][row[1]]|table[2][row[2]])
		}
	}
	return b
}

func (f PixelFormat) appendPixel(b []byte, v uint32) []byte {
	switch {
	case f.BitsPerPixel == 8:
		return append(b, byte(v))
	case f.BitsPerPixel == 16 && f.BigEndian:
		return binary.BigEndian.AppendUint16(b, uint16(v))
	case f.BitsPerPixel == 16:
		return binary.LittleEndian.AppendUint16(b, uint16(v))
	case f.BigEndian:
		return binary.BigEndian.AppendUint32(b, v)
	}
	return binary.LittleEndian.AppendUint32(b, v)
}

// table returns what each value of each colour contributes to a pixel.
func (f PixelFormat) table() (t [3][256]uint32) {
	for c := range t {
		for v := range t[c] {
			t[c][v] = (uint32(v)*uint32(f.Max[c]) + 127) / 255 << f.Shift[c]
		}
	}
	return t
}
