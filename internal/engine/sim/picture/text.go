package picture

import (
	"image"
	"image/color"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// family is a typeface that is part of the program.
type family int

const (
	regular family = iota
	bold
	mono
)

// parsed holds the families, read once; a parsed font may be used concurrently, a face may not.
var parsed = sync.OnceValue(func() (fonts [3]*opentype.Font) {
	for i, ttf := range [][]byte{goregular.TTF, gobold.TTF, gomono.TTF} {
		f, err := opentype.Parse(ttf)
		if err != nil {
			panic(err) // the fonts are constants of this program
		}
		fonts[i] = f
	}
	return fonts
})

// style is a family in a size.
type style struct {
	family family
	size   int // pixels
}

// faces creates each style once. It is not safe for concurrent use.
type faces map[style]font.Face

func (f faces) get(s style) font.Face {
	face := f[s]
	if face == nil {
		var err error
		face, err = opentype.NewFace(parsed()[s.family], &opentype.FaceOptions{
			Size: float64(s.size), DPI: 72, Hinting: font.HintingFull,
		})
		if err != nil {
			panic(err) // only for a font without glyphs
		}
		f[s] = face
	}
	return face
}

// write draws a text with its base line at at and returns where it ends.
func (f faces) write(dst *image.RGBA, at image.Point, s style, c color.Color, text string) (x int) {
	d := font.Drawer{Dst: dst, Src: image.NewUniform(c), Face: f.get(s), Dot: fixed.P(at.X, at.Y)}
	d.DrawString(text)
	return d.Dot.X.Ceil()
}

// width returns the width of a text.
func (f faces) width(s style, text string) int {
	return font.MeasureString(f.get(s), text).Ceil()
}

// fit shortens a text to a width, at its end or, with tail, at its beginning.
func (f faces) fit(s style, text string, width int, tail bool) string {
	if f.width(s, text) <= width {
		return text
	}
	runes := []rune(text)
	for len(runes) > 0 {
		short := string(runes) + "…"
		if tail {
			short = "…" + string(runes)
		}
		if f.width(s, short) <= width {
			return short
		}
		if tail {
			runes = runes[1:]
		} else {
			runes = runes[:len(runes)-1]
		}
	}
	return ""
}
