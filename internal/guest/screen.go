package guest

import "math"

// How large a screen may be. A pixel takes 4 bytes in the display server, as many in what it compares with, in the
// background and in each window that fills the screen: an eighth of the memory is given to four times that.
const (
	screenShare    = 8
	bytesPerPixel  = 16
	smallestScreen = 1920 * 1200 // pixels; every desktop may show as many
	largestScreen  = 7680 * 4320
)

// ScreenPixels is how many pixels the screen of a desktop with so much memory may have, without taking what its programs need.
func ScreenPixels(memoryMiB int) int {
	return min(max(memoryMiB<<20/screenShare/bytesPerPixel, smallestScreen), largestScreen)
}

// FitScreen reduces a size to at most this number of pixels, with the same ratio of width to height. A size that fits stays as it
// is.
func FitScreen(width, height, pixels int) (w, h int) {
	if width*height <= pixels {
		return width, height
	}
	shrink := math.Sqrt(float64(pixels) / float64(width) / float64(height))
	w = max(int(float64(width)*shrink), 1)
	return w, max(min(int(float64(height)*shrink), pixels/w), 1)
}
