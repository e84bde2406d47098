package sheet

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
)

// csvReader reads CSV as spreadsheet programs and people write it. A quotation mark within a cell is text; one that opens a cell and
// is not closed makes a fault of its line alone, and the lines below it are read as if it were not there.
type csvReader struct {
	rest      string // what was not read yet; lines end with \n
	line      int    // of the next row, from 1
	delimiter byte
}

func newCSV(text string, delimiter byte) *csvReader {
	c := &csvReader{rest: text, line: 1, delimiter: delimiter}
	if _, rest, ok := sepLine(text); ok {
		c.rest, c.line = rest, 2
	}
	return c
}

// sepLine reads a first line such as sep=; by which spreadsheet programs learn what stands between cells.
func sepLine(text string) (delimiter byte, rest string, ok bool) {
	const mark = "sep="
	first, rest, _ := strings.Cut(text, "\n")
	first = strings.Trim(first, "\" ")
	if len(first) != len(mark)+1 || !strings.EqualFold(first[:len(mark)], mark) {
		return 0, "", false
	}
	return first[len(mark)], rest, true
}

// delimitersOf lists the signs that may stand between cells: first that which stands most often outside quotation marks in the first
// lines.
func delimitersOf(text string) []byte {
	if only, _, ok := sepLine(text); ok {
		return []byte{only}
	}
	const lines = 10
	var counts [256]int
	line, quoted := 0, false
	for i := 0; i < len(text) && line < lines; i++ {
		switch {
		case text[i] == '"':
			quoted = !quoted
		case text[i] == '\n':
			line, quoted = line+1, false
		case !quoted:
			counts[text[i]]++
		}
	}
	delimiters := []byte(",;\t|")
	slices.SortStableFunc(delimiters, func(a, b byte) int { return counts[b] - counts[a] })
	return delimiters
}

func (c *csvReader) close() {}

func (c *csvReader) next() (Row, error) {
	if c.rest == "" {
		return Row{}, io.EOF
	}
	row, rest, ok := c.record(c.rest, true)
	if !ok {
		column := ColumnName(len(row.Cells))
		row, rest, _ = c.record(c.rest, false)
		row.Fault = fmt.Sprintf("column %s: a quotation mark opens the cell and none closes it; leave it out, or write \"\" for each within the cell", column)
	}
	for i, cell := range row.Cells {
		row.Cells[i] = strings.TrimSpace(bare(strings.TrimLeftFunc(cell, unicode.IsSpace))) // white space behind may be what was guarded
	}
	row.Line = c.line
	c.line += strings.Count(c.rest[:len(c.rest)-len(rest)], "\n")
	c.rest = rest
	return row, nil
}

// record reads a row. With quotes, cells in quotation marks are read as such, and not ok says that one of them, which follows those
// that are returned, has no end.
func (c *csvReader) record(text string, quotes bool) (row Row, rest string, ok bool) {
	for {
		if start := strings.TrimLeft(text, " "); quotes && strings.HasPrefix(start, `"`) {
			cell, after, ok := c.quoted(start[1:])
			if !ok {
				return row, text, false
			}
			row.Cells, text = append(row.Cells, cell), after
		} else {
			end := strings.IndexAny(text, string([]byte{c.delimiter, '\n'}))
			if end < 0 {
				end = len(text)
			}
			row.Cells, text = append(row.Cells, text[:end]), text[end:]
		}
		if text == "" || text[0] == '\n' {
			return row, strings.TrimPrefix(text, "\n"), true
		}
		text = text[1:]
	}
}

// quoted reads a cell whose opening quotation mark was read.
func (c *csvReader) quoted(text string) (cell, rest string, ok bool) {
	var b strings.Builder
	for {
		end := strings.IndexByte(text, '"')
		if end < 0 {
			return "", "", false
		}
		b.WriteString(text[:end])
		text = text[end+1:]
		if strings.HasPrefix(text, `"`) {
			b.WriteByte('"')
			text = text[1:]
			continue
		}
		after := strings.TrimLeft(text, " ")
		return b.String(), after, after == "" || after[0] == c.delimiter || after[0] == '\n'
	}
}
