package picture

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"sync"
)

// layout has the positions of everything in a picture of one size.
type layout struct {
	bounds, card, notes image.Rectangle
}

// arrange returns the layout; what does not fit is cut off at the bottom.
func arrange(bounds image.Rectangle, facts int) layout {
	w := min(cardWidth, bounds.Dx()-2*margin)
	h := 162 + rowHeight*facts
	left, top := (bounds.Dx()-w)/2, panelHeight+max(margin, (bounds.Dy()-panelHeight-h-240)/3)
	card := image.Rect(left, top, left+w, top+h)
	below := card.Max.Y + 20
	return layout{bounds: bounds, card: card, notes: image.Rectangle{
		Min: image.Pt(left, below), Max: image.Pt(left+w, max(below, min(below+200, bounds.Max.Y-margin))),
	}}
}

// backdrops caches what is the same in all pictures of a layout, for the last few layouts.
var backdrops = struct {
	sync.Mutex // guards kept and order; the pictures are never modified
	kept       map[layout]*image.RGBA
	order      []layout
}{kept: map[layout]*image.RGBA{}}

const keptBackdrops = 4

// backdrop returns the picture without text. It must not be modified.
func (l layout) backdrop() *image.RGBA {
	backdrops.Lock()
	defer backdrops.Unlock()
	if p := backdrops.kept[l]; p != nil {
		return p
	}
	if len(backdrops.order) == keptBackdrops {
		delete(backdrops.kept, backdrops.order[0])
		backdrops.order = backdrops.order[1:]
	}
	p := landscape(l.bounds)
	draw.Draw(p, image.Rect(0, 0, l.bounds.Dx(), panelHeight), image.NewUniform(night), image.Point{}, draw.Over)
	fillRound(p, image.Rect(12, 9, 24, 21), 3, dawn)
	for _, area := range []image.Rectangle{l.card, l.notes} {
		if area.Dy() > 2*corner {
			shadow(p, area, corner)
			fillRound(p, area, corner, paper)
		}
	}
	backdrops.kept[l], backdrops.order = p, append(backdrops.order, l)
	return p
}

// landscape is an evening sky above hills.
func landscape(area image.Rectangle) *image.RGBA {
	p := image.NewRGBA(area)
	w, h := area.Dx(), area.Dy()
	for y := range h {
		draw.Draw(p, image.Rect(0, y, w, y+1), image.NewUniform(mix(dusk, dawn, float64(y)/float64(h))), image.Point{}, draw.Src)
	}
	for i, c := range hills {
		base, swing := 0.70+0.10*float64(i), 0.045-0.008*float64(i)
		for x := range w {
			t := float64(x) / float64(w) * 2 * math.Pi
			top := base + swing*math.Sin(t*(0.9+0.35*float64(i))+1.7*float64(i)) + swing/3*math.Sin(3.1*t+float64(i))
			edge, part := math.Modf(top * float64(h))
			y := int(edge)
			if y >= 0 && y < h {
				p.SetRGBA(x, y, mix(c, p.RGBAAt(x, y), part))
			}
			for y++; y < h; y++ {
				p.SetRGBA(x, y, c)
			}
		}
	}
	return p
}

// mix returns a for 0, b for 1, and colours between.
func mix(a, b color.RGBA, t float64) color.RGBA {
	m := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + (float64(b)-float64(a))*t)) }
	return color.RGBA{m(a.R, b.R), m(a.G, b.G), m(a.B, b.B), 0xff}
}
