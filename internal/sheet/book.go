package sheet

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"
)

// formatText is the number of the built-in format that shows a number with all of its digits.
const formatText = 49

// cellSize is what a row or cell takes at least, in bytes.
const cellSize = 16

// book is an open XLSX file.
type book struct {
	file    *excelize.File
	visible []string
	read    int // bytes read so far, of maxRead, in all tables
}

// readBook reads the first table with headings of an XLSX file. The library that reads it was written for files that spreadsheet
// programs make: one whose parts do not fit together may end in a panic there, which is one more way to say that it is broken.
func readBook(data []byte, most int, headings func([]string) bool) (rows []Row, err error) {
	defer func() {
		if recover() != nil {
			rows, err = nil, notXLSX(errors.New("its parts do not fit together: save it anew with a spreadsheet program"))
		}
	}()
	b, err := openBook(data)
	if err != nil {
		return nil, err
	}
	defer b.close()
	return readFirst(b.visible, b.open, most, headings)
}

// openBook opens a file with at least one table that is not hidden.
func openBook(data []byte) (*book, error) {
	if err := checkUnpacked(data); err != nil {
		return nil, err
	}
	file, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{UnzipXMLSizeLimit: maxTableInMemory})
	if err != nil {
		return nil, notXLSX(err)
	}
	b := &book{file: file}
	for _, name := range file.GetSheetList() {
		if shown, err := file.GetSheetVisible(name); err == nil && shown {
			b.visible = append(b.visible, name)
		}
	}
	if len(b.visible) == 0 {
		b.close()
		return nil, errors.New("the file has no table that is not hidden")
	}
	if err := b.plainFormats(); err != nil {
		b.close()
		return nil, notXLSX(err)
	}
	return b, nil
}

func (b *book) close() { _ = b.file.Close() } // it was read from memory

func notXLSX(err error) error {
	if errors.Is(err, excelize.ErrMaxRows) {
		return errSprawls
	}
	return fmt.Errorf("the file is not XLSX: %w", err)
}

// plainFormats changes the formats of cells so that each is read as what it holds and not as how it looks: dates as one form, which
// does not depend on a country, and numbers with all of their digits.
func (b *book) plainFormats() error {
	if b.file.Styles != nil && b.file.Styles.CellXfs == nil { // programs that format nothing leave them out
		setNew(&b.file.Styles.CellXfs)
	}
	date := "yyyy-mm-dd hh:mm:ss"
	ours, err := b.file.NewStyle(&excelize.Style{CustomNumFmt: &date})
	if err != nil {
		return err
	}
	styles := b.file.Styles
	custom := map[int]string{}
	for _, f := range styles.NumFmts.NumFmt { // there is at least ours
		custom[f.NumFmtID] = cmp.Or(f.FormatCode16, f.FormatCode)
	}
	formatDate := *styles.CellXfs.Xf[ours].NumFmtID
	for i := range styles.CellXfs.Xf {
		id := formatText
		if old := styles.CellXfs.Xf[i].NumFmtID; old != nil && isDateFormat(*old, custom[*old]) {
			id = formatDate
		}
		styles.CellXfs.Xf[i].NumFmtID = &id
	}
	return nil
}

// setNew lets a pointer to a type that the library does not name point to its zero value.
func setNew[T any](p **T) { *p = new(T) }

// isDateFormat says whether a format shows a day. The built-in ones beyond 22 are those of East Asian languages.
func isDateFormat(id int, code string) bool {
	if code == "" {
		return id >= 14 && id <= 17 || id == 22 || id >= 27 && id <= 31 || id == 36 || id >= 50 && id <= 54 || id == 57 || id == 58
	}
	code, _, _ = strings.Cut(strings.ToLower(code), ";")
	for i := 0; i < len(code); i++ {
		switch code[i] {
		case 'y', 'd':
			return true
		case '\\', '_', '*': // the next sign is text, or space as wide
			i++
		case '"':
			i += textUntil(code[i+1:], '"')
		case '[': // a colour, a condition or a language
			i += textUntil(code[i+1:], ']')
		}
	}
	return false
}

// textUntil is the length of text up to and with an end sign.
func textUntil(text string, end byte) int {
	if i := strings.IndexByte(text, end); i >= 0 {
		return i + 1
	}
	return len(text)
}

// bookTable reads one table of a book.
type bookTable struct {
	book *book
	rows *excelize.Rows
	line int
}

func (b *book) open(name string) (table, error) {
	rows, err := b.file.Rows(name)
	if err != nil {
		return nil, notXLSX(err)
	}
	return &bookTable{book: b, rows: rows}, nil
}

func (t *bookTable) close() { _ = t.rows.Close() } // nothing was written

func (t *bookTable) next() (Row, error) {
	if !t.rows.Next() {
		if err := t.rows.Error(); err != nil {
			return Row{}, notXLSX(err)
		}
		return Row{}, io.EOF
	}
	t.line++
	cells, err := t.rows.Columns()
	if err != nil {
		return Row{}, notXLSX(err)
	}
	t.book.read += cellSize
	for _, cell := range cells {
		t.book.read += cellSize + len(cell)
	}
	if t.book.read > maxRead {
		return Row{}, errSprawls
	}
	for i := range cells {
		cells[i] = strings.TrimSuffix(cells[i], " 00:00:00")
	}
	return Row{Line: t.line, Cells: cells}, nil
}
