package sheet_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"carrel/internal/sheet"
)

// withPart returns an XLSX file with one cell, in which the text of the part with a name is another.
func withPart(t *testing.T, part, text string) []byte {
	t.Helper()
	plain := workbook(t, func(f *excelize.File) error { return f.SetCellValue("Sheet1", "A1", "User name") })
	archive, err := zip.NewReader(bytes.NewReader(plain), int64(len(plain)))
	if err != nil {
		t.Fatal(err)
	}
	var changed bytes.Buffer
	out := zip.NewWriter(&changed)
	for _, p := range archive.File {
		w, err := out.Create(p.Name)
		if err != nil {
			t.Fatal(err)
		}
		if p.Name == part {
			_, err = io.WriteString(w, text)
		} else {
			var r io.ReadCloser
			if r, err = p.Open(); err == nil {
				_, err = io.Copy(w, r)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return changed.Bytes()
}

// A file of some 50 kB took 2.8 GB of memory and a minute of a processor.
func TestAnXLSXFileThatUnpacksToALotIsRefused(t *testing.T) {
	const ns = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"`
	fill := func(head, item, tail string, size int) string {
		return head + strings.Repeat(item, size/len(item)) + tail
	}
	for name, c := range map[string]struct{ part, text, why string }{
		"Rows":    {"xl/worksheets/sheet1.xml", fill("<worksheet "+ns+"><sheetData>", "<row/>", "</sheetData></worksheet>", 8<<20), "more than 8 MB"},
		"Cells":   {"xl/worksheets/sheet1.xml", fill("<worksheet "+ns+"><sheetData><row>", "<c><v>1</v></c>", "</row></sheetData></worksheet>", 8<<20), "more than 8 MB"},
		"Strings": {"xl/sharedStrings.xml", fill("<sst "+ns+">", "<si><t>a</t></si>", "</sst>", 8<<20), "more than 8 MB"},
		"Formats": {"xl/styles.xml", fill("<styleSheet "+ns+"><cellXfs>", "<xf/>", "</cellXfs></styleSheet>", 1<<20), "formats of its cells take more than 1 MB"},
	} {
		data := withPart(t, c.part, c.text)
		if rows, err := sheet.Read(data, 1000, anyRow); err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s, %d bytes: %d rows, %v", name, len(data), len(rows), err)
		}
	}
}

func TestALargeTableIsReadWhole(t *testing.T) {
	data := workbook(t, func(f *excelize.File) error {
		for line := 1; line <= 1000; line++ {
			cells := make([]any, sheet.MaxColumns)
			for i := range cells {
				cells[i] = fmt.Sprintf("row %d, column %d", line, i)
			}
			if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", line), &cells); err != nil {
				return err
			}
		}
		return nil
	})
	rows, err := sheet.Read(data, 1000, anyRow)
	if err != nil || len(rows) != 1000 || len(rows[999].Cells) != sheet.MaxColumns {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
}
