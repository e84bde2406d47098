package sheet

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

// Limits of files that are read.
const (
	MaxColumns  = 100
	maxUnpacked = 64 << 20 // bytes; a small XLSX file can unpack to a large one
)

// ErrTooLong says that a file has more rows than were asked for.
var ErrTooLong = errors.New("the file has too many rows")

// Read reads the first table of a file, whether CSV in UTF-8 or XLSX: its own bytes tell. Rows keep their places: the first is line
// 1, and empty ones are there. Cells have no white space at their ends. Its errors can be shown to whoever sent the file;
// ErrTooLong when there are more rows than most.
func Read(data []byte, most int) ([][]string, error) {
	next, done, err := open(data)
	if err != nil {
		return nil, err
	}
	defer done()
	var rows [][]string
	for {
		row, err := next()
		switch {
		case errors.Is(err, io.EOF):
			return rows, nil
		case err != nil:
			return nil, err
		case len(rows) == most:
			return nil, ErrTooLong
		case len(row) > MaxColumns:
			return nil, fmt.Errorf("line %d has %d columns, at most %d are allowed", len(rows)+1, len(row), MaxColumns)
		}
		for i, cell := range row {
			row[i] = bare(strings.TrimSpace(cell))
		}
		rows = append(rows, row)
	}
}

// open returns what reads row after row until io.EOF, and what ends it.
func open(data []byte) (next func() ([]string, error), done func(), err error) {
	if bytes.HasPrefix(data, []byte("PK\x03\x04")) {
		return openXLSX(data)
	}
	if !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0 {
		return nil, nil, errors.New("the file is neither XLSX nor CSV in UTF-8")
	}
	lines := csvLines{r: csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))}
	lines.r.FieldsPerRecord = -1
	return lines.next, func() {}, nil
}

// csvLines gives the empty lines back that encoding/csv leaves out, so that lines keep their numbers.
type csvLines struct {
	r       *csv.Reader
	line    int // of the next row
	pending []string
	at      int // the pending row's line
}

func (c *csvLines) next() ([]string, error) {
	c.line++
	if c.pending == nil {
		row, err := c.r.Read()
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("the file is not CSV: %w", err)
		}
		if err != nil {
			return nil, err
		}
		c.pending = row
		c.at, _ = c.r.FieldPos(0)
	}
	if c.line < c.at {
		return nil, nil
	}
	row := c.pending
	c.pending = nil
	return row, nil
}

func openXLSX(data []byte) (next func() ([]string, error), done func(), err error) {
	file, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{UnzipSizeLimit: maxUnpacked, UnzipXMLSizeLimit: maxUnpacked})
	if err != nil {
		return nil, nil, fmt.Errorf("the file is not XLSX: %w", err)
	}
	names := file.GetSheetList()
	if len(names) == 0 {
		file.Close()
		return nil, nil, errors.New("the file has no table")
	}
	rows, err := file.Rows(names[0])
	if err != nil {
		file.Close()
		return nil, nil, fmt.Errorf("the file is not XLSX: %w", err)
	}
	next = func() ([]string, error) {
		if !rows.Next() {
			if err := rows.Error(); err != nil {
				return nil, fmt.Errorf("the file is not XLSX: %w", err)
			}
			return nil, io.EOF
		}
		row, err := rows.Columns()
		if err != nil {
			return nil, fmt.Errorf("the file is not XLSX: %w", err)
		}
		return row, nil
	}
	return next, func() { rows.Close(); file.Close() }, nil
}

// ColumnName is what spreadsheet programs call the column at an index from 0: A, B, ... Z, AA.
func ColumnName(index int) string {
	name, err := excelize.ColumnNumberToName(index + 1)
	if err != nil {
		return fmt.Sprint(index + 1)
	}
	return name
}
