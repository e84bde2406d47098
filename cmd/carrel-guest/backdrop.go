package main

import (
	"context"
	"image/color"
	"slices"
)

// The colours of the backdrop from top to bottom: those of the desktop environment in the image.
var (
	backdropTop    = color.RGBA{0x36, 0x4f, 0x66, 0xff}
	backdropBottom = color.RGBA{0x1c, 0x2b, 0x3d, 0xff}
)

// keepBackdrop paints the background of the empty screen, calls painted each time, and paints it again whenever the height of the
// screen changes, until ctx or the display ends. A user who opens a display before its desktop environment is drawn sees a steady
// picture rather than a black one.
func (x *xConn) keepBackdrop(ctx context.Context, painted func()) error {
	defer context.AfterFunc(ctx, x.close)()
	if err := x.listen(xStructure); err != nil {
		return err
	}
	for height := uint16(0); ; {
		screen, err := x.ask(xGetGeometry, 0, little.AppendUint32(nil, x.root))
		if err != nil {
			return err
		}
		if now := little.Uint16(screen[18:]); now != height {
			height = now
			if err := x.paintBackdrop(screen[1], height); err != nil {
				return err
			}
			continue // the next reply comes after it has been painted
		}
		painted()
		if _, err := x.next(); err != nil {
			return err
		}
	}
}

// paintBackdrop makes a strip of the screen's height, which the server repeats, the background of the root window.
func (x *xConn) paintBackdrop(depth byte, height uint16) error {
	height = min(height, stripLimit)
	pixmap, gc := little.AppendUint32(nil, x.ids), little.AppendUint32(nil, x.ids+1)
	root := little.AppendUint32(nil, x.root)
	size := little.AppendUint16(little.AppendUint16(nil, stripWidth), height)
	zeros := make([]byte, 8)
	for _, r := range []struct {
		op, detail byte
		body       []byte
	}{
		{xCreatePixmap, depth, slices.Concat(pixmap, root, size)},
		{xCreateGC, 0, slices.Concat(gc, pixmap, zeros[:4])},
		{xPutImage, xZPixmap, slices.Concat(pixmap, gc, size, zeros[:4], []byte{0, depth, 0, 0}, strip(backdropTop, backdropBottom, int(height)))},
		{xChangeWindowAttributes, 0, slices.Concat(root, little.AppendUint32(nil, xBackPixmap), pixmap)},
		{xClearArea, 0, slices.Concat(root, zeros)},
		{xFreeGC, 0, gc},
		{xFreePixmap, 0, pixmap},
	} {
		if err := x.send(r.op, r.detail, r.body); err != nil {
			return err
		}
	}
	return nil
}

// The size of the strip, in pixels. The highest still fits in one request.
const (
	stripWidth = 8
	stripLimit = 8000
)

// strip is the picture of a gradient in the server's format for 24 bits: blue, green, red and an empty byte for each pixel.
func strip(top, bottom color.RGBA, height int) []byte {
	pixels := make([]byte, 0, 4*stripWidth*height)
	for y := range height {
		between := func(a, b uint8) byte { return byte((int(a)*(height-1-y) + int(b)*y) / max(1, height-1)) }
		pixel := []byte{between(top.B, bottom.B), between(top.G, bottom.G), between(top.R, bottom.R), 0}
		pixels = append(pixels, slices.Repeat(pixel, stripWidth)...)
	}
	return pixels
}
