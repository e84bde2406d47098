package rfb

import (
	"bytes"
	"encoding/binary"
	"image"
)

// sendUpdate answers the viewer's request with what has changed, and keeps it if nothing has.
func (s *server) sendUpdate() error {
	s.mu.Lock()
	want, format, can, replies := s.want, s.format, s.can, s.replies
	s.mu.Unlock()
	if want == nil {
		return nil
	}
	count, b := s.appendReplies(s.buffer[:0], replies, format, can)
	s.paint()
	for _, area := range s.dirty(want) {
		b = appendHeader(b, area, encodingRaw)
		b = format.appendPixels(b, s.next, area)
		s.copyShown(area)
		count++
	}
	s.buffer = b
	if count == 0 {
		return nil
	}
	s.mu.Lock()
	if s.want == want {
		s.want = nil
	}
	s.replies = s.replies[len(replies):]
	s.mu.Unlock()
	s.w.Write([]byte{0, 0, byte(count >> 8), byte(count)})
	s.w.Write(b)
	return s.w.Flush()
}

// appendReplies adds what is not pixels: the pointer, and the size if it was requested or has changed.
func (s *server) appendReplies(b []byte, replies []reply, f PixelFormat, can abilities) (count int, _ []byte) {
	size := s.desktop.Size()
	grown := size != s.size && (can.resize || can.layout)
	told := false
	for _, r := range replies {
		switch {
		case r.cursor:
			b = appendHeader(b, image.Rect(0, 0, len(arrow[0]), len(arrow)), encodingCursor)
			b = appendCursor(b, f)
		case can.layout:
			b = appendLayout(b, r, size)
			told = true
		default:
			continue // it requested a size and does not support the answer
		}
		count++
	}
	if !grown {
		return count, b
	}
	s.size, s.shown = size, nil
	switch {
	case told:
		return count, b
	case can.layout:
		return count + 1, appendLayout(b, reply{reason: 2}, size)
	}
	return count + 1, appendHeader(b, image.Rectangle{Max: size}, encodingDesktopSize)
}

// appendLayout adds one screen that fills the desktop.
func appendLayout(b []byte, r reply, size image.Point) []byte {
	at := image.Pt(int(r.reason), int(r.status))
	b = appendHeader(b, image.Rectangle{Min: at, Max: at.Add(size)}, encodingExtendedDesktopSize)
	b = append(b, 1, 0, 0, 0)
	b = binary.BigEndian.AppendUint32(b, r.screen.ID)
	b = appendPoint(appendPoint(b, image.Point{}), size)
	return binary.BigEndian.AppendUint32(b, r.screen.Flags)
}

func appendHeader(b []byte, area image.Rectangle, encoding int32) []byte {
	b = appendPoint(appendPoint(b, area.Min), area.Size())
	return binary.BigEndian.AppendUint32(b, uint32(encoding))
}

func appendPoint(b []byte, p image.Point) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(p.X))
	return binary.BigEndian.AppendUint16(b, uint16(p.Y))
}

// paint draws the next picture.
func (s *server) paint() {
	if s.shown == nil {
		bounds := image.Rectangle{Max: s.size}
		s.shown, s.next, s.blank = image.NewRGBA(bounds), image.NewRGBA(bounds), true
	}
	s.desktop.Paint(s.next)
}

// Tiles are the units in which changes are detected.
const tileWidth, tileHeight = 64, 16

// dirty returns the areas to send, one per band of tiles, joined vertically where they match.
func (s *server) dirty(want *request) (areas []image.Rectangle) {
	bounds := s.next.Bounds()
	if s.blank {
		s.blank = false
		want = &request{area: bounds, all: bounds}
	}
	if want.all.Intersect(bounds) == bounds {
		return []image.Rectangle{bounds}
	}
	for y := 0; y < bounds.Max.Y; y += tileHeight {
		var band image.Rectangle
		for x := 0; x < bounds.Max.X; x += tileWidth {
			tile := image.Rect(x, y, x+tileWidth, y+tileHeight).Intersect(want.area).Intersect(bounds)
			if !tile.Empty() && (tile.Overlaps(want.all) || s.differs(tile)) {
				band = band.Union(tile)
			}
		}
		last := len(areas) - 1
		switch {
		case band.Empty():
		case last >= 0 && below(areas[last], band):
			areas[last] = areas[last].Union(band)
		default:
			areas = append(areas, band)
		}
	}
	return areas
}

func below(above, band image.Rectangle) bool {
	return above.Max.Y == band.Min.Y && above.Min.X == band.Min.X && above.Max.X == band.Max.X
}

func (s *server) differs(area image.Rectangle) bool {
	for y := area.Min.Y; y < area.Max.Y; y++ {
		from, to := s.next.PixOffset(area.Min.X, y), s.next.PixOffset(area.Max.X, y)
		if !bytes.Equal(s.next.Pix[from:to], s.shown.Pix[from:to]) {
			return true
		}
	}
	return false
}

func (s *server) copyShown(area image.Rectangle) {
	for y := area.Min.Y; y < area.Max.Y; y++ {
		from, to := s.next.PixOffset(area.Min.X, y), s.next.PixOffset(area.Max.X, y)
		copy(s.shown.Pix[from:to], s.next.Pix[from:to])
	}
}
