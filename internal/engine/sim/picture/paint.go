package picture

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"strings"
)

// The colours.
var (
	dusk    = color.RGBA{0x1b, 0x33, 0x44, 0xff}
	dawn    = color.RGBA{0x5f, 0x93, 0x97, 0xff}
	hills   = []color.RGBA{{0x3f, 0x70, 0x78, 0xff}, {0x2c, 0x55, 0x60, 0xff}, {0x1f, 0x40, 0x4c, 0xff}}
	night   = color.NRGBA{0x0e, 0x1c, 0x26, 0xe6}
	paper   = color.RGBA{0xfb, 0xfa, 0xf7, 0xff}
	ink     = color.RGBA{0x1f, 0x2d, 0x36, 0xff}
	faded   = color.RGBA{0x6d, 0x7b, 0x83, 0xff}
	rule    = color.RGBA{0xe4, 0xe2, 0xdb, 0xff}
	light   = color.RGBA{0xee, 0xf3, 0xf4, 0xff}
	dim     = color.RGBA{0x9f, 0xb4, 0xbc, 0xff}
	good    = color.RGBA{0x3f, 0x9d, 0x6c, 0xff}
	resting = color.RGBA{0xc9, 0x9a, 0x3c, 0xff}
	urgent  = color.RGBA{0xc2, 0x55, 0x3f, 0xff}
	halo    = color.NRGBA{0x7f, 0xa8, 0xb0, 0x60}
	spot    = color.NRGBA{0xf2, 0xb8, 0x4b, 0xa0}
)

// The measures, in pixels.
const (
	panelHeight = 30
	margin      = 28
	cardWidth   = 680
	rowHeight   = 26
	lineHeight  = 22
	corner      = 14
)

// Painter draws scenes; the zero value is ready for use. It is not safe for concurrent use.
type Painter struct{ faces faces }

// Paint draws the scene over the whole of dst, at any size.
func (p *Painter) Paint(dst *image.RGBA, s Scene) {
	if p.faces == nil {
		p.faces = faces{}
	}
	l := arrange(dst.Rect, len(s.Facts))
	copy(dst.Pix, l.backdrop().Pix)
	p.panel(dst, s)
	p.card(dst, s, l.card)
	p.notes(dst, s, l.notes)
	p.message(dst, s)
	if s.Pressed {
		fillCircle(dst, s.Pointer, 14, spot)
	} else if s.Pointer.X >= 0 {
		fillCircle(dst, s.Pointer, 10, halo)
	}
}

// panel draws the bar at the top: account, desktop, time.
func (p *Painter) panel(dst *image.RGBA, s Scene) {
	w := dst.Rect.Dx()
	text := style{regular, 14}
	x := p.faces.write(dst, image.Pt(34, 20), style{bold, 14}, light, s.Name)
	clock := s.Now.Format("Mon 2 Jan   15:04:05")
	right := w - 14 - p.faces.width(text, clock)
	who := s.Account
	if s.Viewers > 1 {
		who = fmt.Sprintf("%s, %d viewers", who, s.Viewers)
	}
	if x+24+p.faces.width(text, who)+24 < right {
		p.faces.write(dst, image.Pt(x+16, 20), text, dim, who)
	}
	if x+16 < right {
		p.faces.write(dst, image.Pt(right, 20), text, light, clock)
	}
}

// card draws the facts about the desktop.
func (p *Painter) card(dst *image.RGBA, s Scene, area image.Rectangle) {
	x, y, inner := area.Min.X+32, area.Min.Y+38, area.Dx()-64
	p.faces.write(dst, image.Pt(x, y), style{regular, 13}, faded, p.faces.fit(style{regular, 13}, "Simulated desktop", inner, false))
	y += 46
	title := style{bold, 40}
	p.faces.write(dst, image.Pt(x, y), title, ink, p.faces.fit(title, s.Name, inner, false))
	y += 36
	fillCircle(dst, image.Pt(x+6, y-5), 6, stateColour(s.State))
	sentence := strings.ToUpper(s.State[:min(1, len(s.State))]) + s.State[min(1, len(s.State)):] + ", in use by " + s.Account
	p.faces.write(dst, image.Pt(x+22, y), style{regular, 17}, ink, p.faces.fit(style{regular, 17}, sentence, inner-22, false))
	y += 16
	draw.Draw(dst, image.Rect(x, y, area.Max.X-32, y+1), image.NewUniform(rule), image.Point{}, draw.Src)
	text := style{regular, 14}
	for _, f := range s.Facts {
		y += rowHeight
		p.faces.write(dst, image.Pt(x, y), text, faded, f.Name)
		p.faces.write(dst, image.Pt(x+100, y), text, ink, p.faces.fit(text, f.Value, inner-100, false))
	}
}

func stateColour(state string) color.Color {
	if state == "running" {
		return good
	}
	return resting
}

// notes draws the typed text, in as many lines as fit, and the clipboard.
func (p *Painter) notes(dst *image.RGBA, s Scene, area image.Rectangle) {
	fit := (area.Dy() - 64) / lineHeight
	if fit < 1 {
		return
	}
	x, y, inner := area.Min.X+32, area.Min.Y+34, area.Dx()-64
	text, small := style{mono, 15}, style{regular, 13}
	lines := s.Lines[max(0, len(s.Lines)-fit):]
	if len(s.Lines) == 1 && s.Lines[0] == "" {
		p.faces.write(dst, image.Pt(x+8, y), style{regular, 15}, faded, p.faces.fit(style{regular, 15}, "What you type appears here.", inner-8, false))
	}
	for i, l := range lines {
		end := p.faces.write(dst, image.Pt(x, y), text, ink, p.faces.fit(text, l, inner-4, i == len(lines)-1))
		if i == len(lines)-1 {
			draw.Draw(dst, image.Rect(end+1, y-13, end+3, y+4), image.NewUniform(good), image.Point{}, draw.Src)
		}
		y += lineHeight
	}
	clipboard := "Clipboard: " + strings.Join(strings.Fields(s.Clipboard), " ")
	if s.Clipboard == "" {
		clipboard = "Ctrl+C copies the line, Ctrl+V pastes the clipboard."
	}
	p.faces.write(dst, image.Pt(x, area.Max.Y-20), small, faded, p.faces.fit(small, clipboard, inner, false))
}

// message draws an administrator's message in the corner.
func (p *Painter) message(dst *image.RGBA, s Scene) {
	if s.Message == "" {
		return
	}
	title, text, _ := strings.Cut(s.Message, "\n")
	w := min(360, dst.Rect.Dx()-2*margin)
	lines := p.wrap(style{regular, 14}, text, w-48)
	h := 48 + lineHeight*len(lines)
	area := image.Rect(0, 0, w, h).Add(image.Pt(dst.Rect.Dx()-w-16, panelHeight+16))
	shadow(dst, area, 10)
	fillRound(dst, area, 10, paper)
	mark := color.Color(dawn)
	if s.Urgent {
		mark = urgent
	}
	fillRound(dst, image.Rect(area.Min.X+10, area.Min.Y+12, area.Min.X+14, area.Max.Y-12), 2, mark)
	x, y := area.Min.X+28, area.Min.Y+29
	p.faces.write(dst, image.Pt(x, y), style{bold, 15}, ink, p.faces.fit(style{bold, 15}, title, w-48, false))
	for _, l := range lines {
		y += lineHeight
		p.faces.write(dst, image.Pt(x, y), style{regular, 14}, ink, l)
	}
}

// wrap breaks a text into at most eight lines of a width.
func (p *Painter) wrap(s style, text string, width int) (lines []string) {
	for paragraph := range strings.Lines(text) {
		current := ""
		for word := range strings.FieldsSeq(paragraph) {
			longer := strings.TrimSpace(current + " " + word)
			if current != "" && p.faces.width(s, longer) > width {
				lines = append(lines, p.faces.fit(s, current, width, false))
				longer = word
			}
			current = longer
		}
		lines = append(lines, p.faces.fit(s, current, width, false))
	}
	return lines[:min(8, len(lines))]
}
