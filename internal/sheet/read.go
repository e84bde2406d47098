package sheet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"

	"carrel/internal/text"
)

// Limits of files that are read.
const (
	MaxColumns  = 100
	maxPreamble = 20 // rows that may stand above the headings
)

// ErrTooLong says that a file has more rows than were asked for.
var ErrTooLong = errors.New("the file has too many rows")

// Row is a row that is not empty. Its cells have no white space at their ends, and dates of a spreadsheet look like
// 2030-01-31 12:00:00, or 2030-01-31 without a time of day.
type Row struct {
	Line  int // in the file, from 1
	Cells []string
	Fault string // why the cells are not to be trusted, in words for people; empty when they are
}

// table gives the rows of one table one after the other until io.EOF, empty ones too.
type table interface {
	next() (Row, error)
	close()
}

// Read reads the table of a file, whether XLSX or CSV in one of the usual encodings and with one of the usual signs between cells: its
// own bytes tell. The table is the first that has a row of headings among its first rows, and begins with that row; if none has, it
// is the whole first table. Hidden tables are left aside. Errors can be shown to whoever sent the file; ErrTooLong when there are
// more rows than most.
func Read(data []byte, most int, headings func(cells []string) bool) ([]Row, error) {
	if bytes.HasPrefix(data, []byte("PK\x03\x04")) {
		return readBook(data, most, headings)
	}
	lines, err := decode(data)
	if err != nil {
		return nil, err
	}
	open := func(delimiter byte) (table, error) { return newCSV(lines, delimiter), nil }
	return readFirst(delimitersOf(lines), open, most, headings)
}

// readFirst reads the first table with headings of those that can be opened by a key, or else the first.
func readFirst[K any](keys []K, open func(K) (table, error), most int, headings func([]string) bool) ([]Row, error) {
	var first []Row
	var firstErr error
	for i, key := range keys {
		t, err := open(key)
		if err != nil {
			return nil, err
		}
		rows, found, err := readTable(t, most, headings)
		t.close()
		if found {
			return rows, err
		}
		if i == 0 {
			first, firstErr = rows, err
		}
	}
	return first, firstErr
}

// readTable reads the rows that are not empty from the headings on, or all when it finds none.
func readTable(t table, most int, headings func([]string) bool) (rows []Row, found bool, err error) {
	for {
		row, err := t.next()
		switch {
		case errors.Is(err, io.EOF):
			return rows, found, nil
		case err != nil:
			return nil, found, err
		}
		if row = tidy(row); len(row.Cells) == 0 && row.Fault == "" {
			continue
		}
		if !found && len(rows) < maxPreamble && headings(row.Cells) {
			rows, found = nil, true
		}
		if len(rows) == most {
			return nil, found, ErrTooLong
		}
		rows = append(rows, row)
	}
}

// tidy trims and composes the cells, and leaves out those at the end that are empty.
func tidy(row Row) Row {
	for i, cell := range row.Cells {
		row.Cells[i] = text.NFC(strings.TrimSpace(cell))
	}
	for n := len(row.Cells); n > 0 && row.Cells[n-1] == ""; n-- {
		row.Cells = row.Cells[:n-1]
	}
	if n := len(row.Cells); n > MaxColumns {
		row.Cells = row.Cells[:MaxColumns]
		row.Fault = fmt.Sprintf("it has %d columns, at most %d are allowed", n, MaxColumns)
	}
	return row
}

// ColumnName is what spreadsheet programs call the column at an index from 0: A, B, ... Z, AA.
func ColumnName(index int) string {
	name, err := excelize.ColumnNumberToName(index + 1)
	if err != nil {
		return fmt.Sprint(index + 1)
	}
	return name
}
