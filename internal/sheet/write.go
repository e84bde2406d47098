package sheet

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

// Format is a kind of file.
type Format string

// The formats.
const (
	CSV  Format = "csv" // UTF-8 with the mark by which spreadsheet programs recognise it
	XLSX Format = "xlsx"
)

// ContentType is the format's media type.
func (f Format) ContentType() string {
	if f == CSV {
		return "text/csv; charset=utf-8"
	}
	return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
}

// Write writes a table. All cells are text, so that spreadsheet programs run none as a formula and keep leading zeros. Control
// characters, which such files cannot have, are left out.
func Write(w io.Writer, f Format, rows [][]string) error {
	if f == CSV {
		return writeCSV(w, rows)
	}
	return writeXLSX(w, rows)
}

func writeCSV(w io.Writer, rows [][]string) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = guarded(withoutControls(cell))
		}
		if err := out.Write(cells); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func withoutControls(cell string) string {
	return strings.Map(func(r rune) rune {
		if isControl(r) {
			return -1
		}
		return r
	}, lineEnds.Replace(cell))
}

// formulaStarts are the signs with which a cell is taken for a formula, also in the full width of Chinese and Japanese keyboards.
const formulaStarts = "=+-@＝＋－＠"

// guarded puts an apostrophe before what a spreadsheet program would run as a formula, and before what looks as if that had been done.
// Some programs skip white space in front.
func guarded(cell string) string {
	bare := strings.TrimLeftFunc(cell, func(r rune) bool { return r == '\'' || unicode.IsSpace(r) })
	first, _ := utf8.DecodeRuneInString(bare)
	if bare != "" && strings.ContainsRune(formulaStarts, first) || strings.IndexAny(strings.TrimLeft(cell, "'"), "\t\r\n") == 0 {
		return "'" + cell
	}
	return cell
}

// bare takes the apostrophe away again.
func bare(cell string) string {
	if rest, ok := strings.CutPrefix(cell, "'"); ok && guarded(rest) != rest {
		return rest
	}
	return cell
}

func writeXLSX(w io.Writer, rows [][]string) (err error) {
	file := excelize.NewFile()
	defer func() {
		if e := file.Close(); err == nil {
			err = e
		}
	}()
	const asText = 49 // the number format "@"
	style, err := file.NewStyle(&excelize.Style{NumFmt: asText})
	if err != nil {
		return fmt.Errorf("making a style: %w", err)
	}
	table := file.GetSheetName(0)
	out, err := file.NewStreamWriter(table)
	if err != nil {
		return err
	}
	if len(rows) > 0 && len(rows[0]) > 0 {
		if err := out.SetColStyle(1, len(rows[0]), style); err != nil { // what people type below is text, too
			return err
		}
		if err := out.SetColWidth(1, len(rows[0]), 20); err != nil {
			return err
		}
	}
	for i, row := range rows {
		cells := make([]any, len(row))
		for n, cell := range row {
			cells[n] = excelize.Cell{StyleID: style, Value: withoutControls(cell)}
		}
		if err := out.SetRow(fmt.Sprintf("A%d", i+1), cells); err != nil {
			return err
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	_, err = file.WriteTo(w)
	return err
}
