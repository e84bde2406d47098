package picture

import (
	"image"
	"image/color"
	"image/draw"

	"golang.org/x/image/vector"
)

// fillRound fills a rectangle with rounded corners, smoothly.
func fillRound(dst *image.RGBA, area image.Rectangle, radius int, c color.Color) {
	w, h := float32(area.Dx()), float32(area.Dy())
	if w <= 0 || h <= 0 {
		return
	}
	r := min(float32(radius), w/2, h/2)
	k := r * 0.4477 // how far a Bézier's handle is from the corner for it to look like a circle
	v := vector.NewRasterizer(area.Dx(), area.Dy())
	v.MoveTo(r, 0)
	v.LineTo(w-r, 0)
	v.CubeTo(w-k, 0, w, k, w, r)
	v.LineTo(w, h-r)
	v.CubeTo(w, h-k, w-k, h, w-r, h)
	v.LineTo(r, h)
	v.CubeTo(k, h, 0, h-k, 0, h-r)
	v.LineTo(0, r)
	v.CubeTo(0, k, k, 0, r, 0)
	v.ClosePath()
	if area.In(dst.Rect) {
		v.Draw(dst, area, image.NewUniform(c), image.Point{})
		return
	}
	mask := image.NewAlpha(image.Rectangle{Max: area.Size()}) // a Rasterizer does not clip, DrawMask does
	v.Draw(mask, mask.Rect, image.Opaque, image.Point{})
	draw.DrawMask(dst, area, image.NewUniform(c), image.Point{}, mask, image.Point{}, draw.Over)
}

// fillCircle fills a circle.
func fillCircle(dst *image.RGBA, centre image.Point, radius int, c color.Color) {
	around := image.Rect(-radius, -radius, radius, radius).Add(centre)
	fillRound(dst, around, radius, c)
}

// shadow darkens the surroundings of an area, softly and slightly more below it.
func shadow(dst *image.RGBA, area image.Rectangle, radius int) {
	for grow := 12; grow > 0; grow -= 3 {
		fillRound(dst, area.Inset(-grow).Add(image.Pt(0, 4)), radius+grow, color.NRGBA{A: 10})
	}
}
