package rfb

import (
	"image"
	"image/color"
)

// arrow is the pointer that viewers draw themselves: # is its edge, . its inside.
var arrow = []string{
	"#           ",
	"##          ",
	"#.#         ",
	"#..#        ",
	"#...#       ",
	"#....#      ",
	"#.....#     ",
	"#......#    ",
	"#.......#   ",
	"#........#  ",
	"#.........# ",
	"#......#####",
	"#...#..#    ",
	"#..# #..#   ",
	"#.#  #..#   ",
	"##    #..#  ",
	"#     #..#  ",
	"       ##   ",
}

// appendCursor adds the arrow: its pixels, then a mask of one bit per pixel.
func appendCursor(b []byte, f PixelFormat) []byte {
	w, h := len(arrow[0]), len(arrow)
	p := image.NewRGBA(image.Rect(0, 0, w, h))
	mask := make([]byte, (w+7)/8*h)
	for y, row := range arrow {
		for x, c := range row {
			if c == ' ' {
				continue
			}
			mask[y*((w+7)/8)+x/8] |= 0x80 >> (x % 8)
			if c == '.' {
				p.Set(x, y, color.White)
			} else {
				p.Set(x, y, color.Gray{0x20})
			}
		}
	}
	return append(f.appendPixels(b, p, p.Bounds()), mask...)
}
