package sheet_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"carrel/internal/sheet"
)

func TestWhatIsWrittenIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cell := rapid.OneOf(rapid.StringMatching(`[a-zA-Z0-9"',;äöü桌面=+@_.-]{1,12}`), rapid.SampledFrom([]string{"=1+1", "+49 30", "007", "2030-01-31T12:00:00Z", "a\nb"}))
		width := rapid.IntRange(1, 5).Draw(t, "width")
		rows := rapid.SliceOfN(rapid.SliceOfN(cell, width, width), 1, 5).Draw(t, "rows")
		for _, row := range rows {
			for i, c := range row {
				if len(c) > 1 && c[0] == '\'' {
					row[i] = "x" + c // an apostrophe of one's own before a formula is taken for the guard's
				}
			}
		}
		for _, f := range []sheet.Format{sheet.CSV, sheet.XLSX} {
			var file bytes.Buffer
			if err := sheet.Write(&file, f, rows); err != nil {
				t.Fatal(err)
			}
			got, err := sheet.Read(file.Bytes(), 10)
			if f == sheet.CSV && bytes.Contains(file.Bytes(), []byte("a\nb")) {
				continue // a cell of two lines moves the rows below it down, as in the file
			}
			if err != nil || !reflect.DeepEqual(got, rows) {
				t.Errorf("%s: got %q %v, want %q", f, got, err, rows)
			}
		}
	})
}

func TestRowsKeepTheirLines(t *testing.T) {
	got, err := sheet.Read([]byte("\ufeffname,mail\r\n\r\n ann , a@b \n\nbob\n"), 10)
	if want := [][]string{{"name", "mail"}, nil, {"ann", "a@b"}, nil, {"bob"}}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %q %v, want %q", got, err, want)
	}
	if _, err := sheet.Read([]byte("a\nb\nc\n"), 2); !errors.Is(err, sheet.ErrTooLong) {
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
		"APicture":       {[]byte("\x89PNG\r\n\x1a\n\xff\xfe"), "neither XLSX nor CSV"},
		"AnOtherZip":     {zipped.Bytes(), "not XLSX"},
		"ABrokenZip":     {[]byte("PK\x03\x04 and then nothing"), "not XLSX"},
		"AnOpenQuote":    {[]byte("a,\"b\nc"), "not CSV"},
		"TooManyColumns": {[]byte(strings.Repeat(",", 100)), "101 columns, at most 100"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := sheet.Read(c.data, 10); err == nil || !strings.Contains(err.Error(), c.why) {
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
