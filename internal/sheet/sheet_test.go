package sheet_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"carrel/internal/sheet"
)

func TestWhatIsWrittenIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cell := rapid.OneOf(rapid.StringMatching(`[a-zA-Z0-9"',;äöü桌面=+@_.-]{1,12}`), rapid.SampledFrom([]string{"=1+1", "+49 30", "007", "2030-01-31T12:00:00Z", "a\nb"}))
		head := []string{"User name", "b", "c", "d", "e"}[:rapid.IntRange(2, 5).Draw(t, "width")]
		rows := append([][]string{head}, rapid.SliceOfN(rapid.SliceOfN(cell, len(head), len(head)), 0, 5).Draw(t, "rows")...)
		for _, f := range []sheet.Format{sheet.CSV, sheet.XLSX} {
			var file bytes.Buffer
			if err := sheet.Write(&file, f, rows); err != nil {
				t.Fatal(err)
			}
			read, err := sheet.Read(file.Bytes(), 10, func(cells []string) bool { return slices.Equal(cells, head) })
			if got := cellsOf(read); err != nil || !reflect.DeepEqual(got, rows) {
				t.Errorf("%s: got %q %v, want %q", f, got, err, rows)
			}
		}
	})
}

func anyRow([]string) bool { return true }

func cellsOf(rows []sheet.Row) [][]string {
	var cells [][]string
	for _, r := range rows {
		cells = append(cells, r.Cells)
	}
	return cells
}

func TestRowsKeepTheirLines(t *testing.T) {
	got, err := sheet.Read([]byte("\ufeffname,mail\r\n\r\n ann , a@b \n,\n\"bob\nsmith\"\ncarl\n"), 10, anyRow)
	want := []sheet.Row{{Line: 1, Cells: []string{"name", "mail"}}, {Line: 3, Cells: []string{"ann", "a@b"}}, {Line: 5, Cells: []string{"bob\nsmith"}}, {Line: 7, Cells: []string{"carl"}}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v %v, want %v", got, err, want)
	}
	if _, err := sheet.Read([]byte("a\nb\nc\n"), 2, anyRow); !errors.Is(err, sheet.ErrTooLong) {
		t.Error(err)
	}
}

func TestFilesThatAreNoTablesAreRefusedInWords(t *testing.T) {
	var zipped bytes.Buffer
	z := zip.NewWriter(&zipped)
	if _, err := z.Create("x"); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		data []byte
		why  string
	}{
		"APicture":   {[]byte("\x89PNG\r\n\x1a\n\xff\xfe"), "neither XLSX nor CSV"},
		"Russian":    {[]byte("\xc8\xec\xff,\xcf\xee\xf7\xf2\xe0\n\xc8\xe2\xe0\xed,\xc8\xe2\xe0\xed\xee\xe2\n"), "CSV UTF-8"},
		"Polish":     {[]byte("name\nMicha\xb3\n"), "CSV UTF-8"},
		"AnOtherZip": {zipped.Bytes(), "not XLSX"},
		"ABrokenZip": {[]byte("PK\x03\x04 and then nothing"), "not XLSX"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := sheet.Read(c.data, 10, anyRow); err == nil || !strings.Contains(err.Error(), c.why) {
				t.Errorf("got %v, want %q", err, c.why)
			}
		})
	}
}

func TestColumnsAreCalledAsSpreadsheetProgramsCallThem(t *testing.T) {
	for index, want := range map[int]string{0: "A", 25: "Z", 26: "AA"} {
		if got := sheet.ColumnName(index); got != want {
			t.Errorf("%d is called %s, want %s", index, got, want)
		}
	}
}

func TestNoCellOfACSVFileIsAFormula(t *testing.T) {
	var file bytes.Buffer
	if err := sheet.Write(&file, sheet.CSV, [][]string{{"=1", "+1", "-1", "@x", "\t=1", "1"}}); err != nil {
		t.Fatal(err)
	}
	if got, want := file.String(), "\ufeff'=1,'+1,'-1,'@x,'\t=1,1\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
