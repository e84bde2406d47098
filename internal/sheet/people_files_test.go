package sheet_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"carrel/internal/sheet"
)

// isHead recognises the headings of the tables in these tests.
func isHead(cells []string) bool {
	return slices.Contains(cells, "User name") || slices.Contains(cells, "用户名")
}

func TestFilesOfPeopleAreReadWhoeverSavedThem(t *testing.T) {
	for name, want := range map[string][][]string{
		"ad-export.csv":          {{"ad1", "ad1@example.com", "A 1", "9223372036854775807"}, {"ad2", "ad2@example.com", "A 2", "133801632000000000"}},
		"semicolon-excel-de.csv": {{"semi1", "semi1@example.com", "", "Müller, Jürgen"}},
		"sep-line.csv":           {{"sep1", "sep1@example.com", "", "x"}},
		"gbk-excel-zh.csv":       {{"gbk1", "gbk1@example.com", "", "张伟", "", "销售部"}},
		"ansi-cp1252.csv":        {{"cp1", "cp1@example.com", "", "Jürgen"}},
		"one-bad-quote.csv":      {{"q1", "q1@example.com", "", `Bob "Bobby" S`}, {"q2", "q2@example.com", "", "x"}},
		"dates.xlsx": {
			{"xd0", "xd0@example.com", "", "", "2027-03-01 08:00:00"}, {"xd1", "xd1@example.com", "", "", "2027-03-01 08:00:00"}, {"xd2", "xd2@example.com", "", "", "2027-03-01 08:00:00"},
			{"xd3", "xd3@example.com", "", "", "2027-03-01 08:00:00"}, {"xd4", "xd4@example.com", "", "", "2027-03-01 08:00:00"},
		},
		"template-filled.xlsx": {{"tp1", "", "t@example.com", "", "", "", "2027-12-31"}, {"tp2", "12345678901", "t2@example.com"}},
		"styled-empty.xlsx":    {{"xe1", "xe1@example.com"}},
		"hidden-first.xlsx":    {{"xh1", "xh1@example.com"}},
	} {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join("testdata/people-files", name))
			if err != nil {
				t.Fatal(err)
			}
			rows, err := sheet.Read(data, 1000, isHead)
			if err != nil || len(rows) != len(want)+1 || !isHead(rows[0].Cells) {
				t.Fatalf("%v %v", rows, err)
			}
			for i, row := range rows[1:] {
				if !slices.Equal(row.Cells, want[i]) || row.Fault != "" {
					t.Errorf("got %+v, want %q", row, want[i])
				}
			}
		})
	}
}

func TestCSVIsReadInTheEncodingsAndWithTheSignsOfSpreadsheets(t *testing.T) {
	western, chinese := "User name;Alias\nann;Jürgen Größe 5 €\nbob;“Émile”\n", "用户名,别名\nann,张伟\nbob,朱镕基\n"
	le, be := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	for name, c := range map[string]struct {
		in   encoding.Encoding
		text string
		want string // of the first cell below the head, and the second
	}{
		"UTF-8": {encoding.Nop, western, "ann|Jürgen Größe 5 €"}, "UTF-8WithMark": {encoding.Nop, "\ufeff" + western, "ann|Jürgen Größe 5 €"},
		"UTF-16LE": {le, chinese, "ann|张伟"}, "UTF-16LEWithMark": {le, "\ufeff" + western, "ann|Jürgen Größe 5 €"},
		"UTF-16BE": {be, western, "ann|Jürgen Größe 5 €"}, "UTF-16BEWithMark": {be, "\ufeff" + chinese, "ann|张伟"},
		"Windows-1252": {charmap.Windows1252, western, "ann|Jürgen Größe 5 €"}, "GB18030": {simplifiedchinese.GB18030, chinese, "ann|张伟"},
		"GBKWithEnglishHeadings": {simplifiedchinese.GBK, "User name,Alias\nann,张伟\n", "ann|张伟"},
		"UTF-16WithTabs":         {le, "\ufeffUser name\tAlias\r\nann\tx, y\r\n", "ann|x, y"},
		"CRAlone":                {encoding.Nop, "User name,Alias\rann,x\rbob,y\r", "ann|x"},
		"Bars":                   {encoding.Nop, "User name|Alias\nann|x\n", "ann|x"},
		"SepWithSemicolon":       {encoding.Nop, "sep=;\r\nUser name;Alias\r\nann;a,b,c\r\n", "ann|a,b,c"},
		"SepBeforeCRAlone":       {encoding.Nop, "sep=;\rUser name;Alias\rann;a,b,c\r", "ann|a,b,c"},
		"QuotedSep":              {encoding.Nop, "\"sep=;\"\nUser name;Alias\nann;x\n", "ann|x"},
		"TitleAbove":             {encoding.Nop, "Our people, as of today, all of them\n\nUser name;Alias\nann;x\n", "ann|x"},
		"SpaceBeforeQuotes":      {encoding.Nop, "\"User name\", \"Alias\"\n\"ann\", \"x, y\" \n", "ann|x, y"},
		"TwoLinesInACell":        {encoding.Nop, "User name,Alias\nann,\"x\r\ny\"\n", "ann|x\ny"},
	} {
		t.Run(name, func(t *testing.T) {
			data, err := c.in.NewEncoder().Bytes([]byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			rows, err := sheet.Read(data, 100, isHead)
			if err != nil || len(rows) < 2 || strings.Join(rows[1].Cells, "|") != c.want {
				t.Errorf("got %+v %v, want %q", rows, err, c.want)
			}
		})
	}
}

func TestAQuoteThatIsNotClosedSpoilsItsOwnLineOnly(t *testing.T) {
	for name, bad := range map[string]string{
		"ToTheEnd": `bob,"Bob S`, "UntilAnother": `bob,"Bob" S`, "Alone": `bob,"`, "ManyOfThem": `"bob,"Bo"b,""`,
	} {
		t.Run(name, func(t *testing.T) {
			rows, err := sheet.Read([]byte("User name,Alias\nann,x\n"+bad+"\ncarl,\"y, z\"\ndora,\"z\"\n"), 100, isHead)
			if err != nil || len(rows) != 5 {
				t.Fatalf("%+v %v", rows, err)
			}
			for i, row := range rows {
				if (row.Fault != "") != (i == 2) || row.Line != i+1 {
					t.Errorf("row %d: %+v", i, row)
				}
			}
			if !strings.Contains(rows[2].Fault, "quotation mark") || !slices.Equal(rows[3].Cells, []string{"carl", "y, z"}) {
				t.Errorf("%+v", rows)
			}
		})
	}
	rows, err := sheet.Read([]byte("User name\n"+strings.Repeat("x,", 100)+"x\nann\n"), 10, isHead)
	if err != nil || len(rows) != 3 || !strings.Contains(rows[1].Fault, "101 columns, at most 100") || rows[2].Fault != "" {
		t.Errorf("a row with too many columns: %v %v", rows, err)
	}
}

// workbook makes an XLSX file.
func workbook(t testing.TB, fill func(*excelize.File) error) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	if err := fill(f); err != nil {
		t.Fatal(err)
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestCellsOfXLSXAreReadAsWhatTheyHold(t *testing.T) {
	styled := func(value any, style excelize.Style) func(*excelize.File) error {
		return func(f *excelize.File) error {
			id, err := f.NewStyle(&style)
			if err != nil {
				return err
			}
			if err := f.SetCellValue("Sheet1", "A2", value); err != nil {
				return err
			}
			return f.SetCellStyle("Sheet1", "A2", "A2", id)
		}
	}
	builtIn := func(id int) excelize.Style { return excelize.Style{NumFmt: id} }
	custom := func(code string) excelize.Style { return excelize.Style{CustomNumFmt: &code} }
	for name, c := range map[string]struct {
		fill func(*excelize.File) error
		want string
	}{
		"BuiltInDate": {styled(46387, builtIn(14)), "2026-12-31"}, "BuiltInTime": {styled(46387.5, builtIn(22)), "2026-12-31 12:00:00"},
		"Chinese": {styled(46387, builtIn(31)), "2026-12-31"}, "Korean": {styled(46387, builtIn(57)), "2026-12-31"},
		"Words": {styled(46387, custom(`[$-407]d\. mmmm yyyy;@`)), "2026-12-31"}, "ChineseWords": {styled(46387, custom(`yyyy"年"m"月"d"日"`)), "2026-12-31"},
		"American":  {styled(46387.75, custom(`m/d/yy h:mm AM/PM`)), "2026-12-31 18:00:00"},
		"RedNumber": {styled(46387, custom(`[Red]0`)), "46387"}, "NumberOfDays": {styled(5, custom(`0 "days"`)), "5"}, "Thousands": {styled(20231234, builtIn(3)), "20231234"},
		"LongNumber": {styled(491701234567890, builtIn(0)), "491701234567890"}, "General": {styled(12345678901, builtIn(1)), "12345678901"}, "Text": {styled("007", builtIn(49)), "007"},
		"Since1904": {func(f *excelize.File) error {
			if err := styled(44925, builtIn(14))(f); err != nil {
				return err
			}
			yes := true
			return f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &yes})
		}, "2026-12-31"},
	} {
		t.Run(name, func(t *testing.T) {
			data := workbook(t, func(f *excelize.File) error {
				if err := f.SetCellValue("Sheet1", "A1", "User name"); err != nil {
					return err
				}
				return c.fill(f)
			})
			rows, err := sheet.Read(data, 10, isHead)
			if err != nil || len(rows) != 2 || !slices.Equal(rows[1].Cells, []string{c.want}) {
				t.Errorf("got %+v %v, want %q", rows, err, c.want)
			}
		})
	}
}

func TestTheTableOfPeopleIsFoundAmongOthers(t *testing.T) {
	people := func(f *excelize.File, name string) error {
		if _, err := f.NewSheet(name); err != nil {
			return err
		}
		for cell, value := range map[string]string{"A1": "Our people", "A3": "User name", "B3": "Email", "A4": "ann", "B4": "a@b"} {
			if err := f.SetCellValue(name, cell, value); err != nil {
				return err
			}
		}
		return nil
	}
	data := workbook(t, func(f *excelize.File) error {
		if err := f.SetCellValue("Sheet1", "A1", "Read me first"); err != nil {
			return err
		}
		return people(f, "People")
	})
	rows, err := sheet.Read(data, 10, isHead)
	if err != nil || len(rows) != 2 || rows[0].Line != 3 || rows[1].Line != 4 || !slices.Equal(rows[1].Cells, []string{"ann", "a@b"}) {
		t.Errorf("beside another table, below a title: %+v %v", rows, err)
	}
	data = workbook(t, func(f *excelize.File) error {
		if err := people(f, "People"); err != nil {
			return err
		}
		return f.SetSheetVisible("People", false)
	})
	if rows, err := sheet.Read(data, 10, isHead); err != nil || len(rows) != 0 {
		t.Errorf("a hidden table was read: %v %v", rows, err)
	}
}

// FuzzRead proves that whatever a file holds, it is refused in words or gives rows of text within the limits.
func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/people-files/*")
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("sep=\"\n\"a\"\"\n"))
	f.Add([]byte("\xff\xfea\x00"))
	f.Fuzz(checkRead)
}

// checkRead checks what is read of any file.
func checkRead(t *testing.T, data []byte) {
	rows, err := sheet.Read(data, 100, isHead)
	if err != nil {
		if rows != nil || err.Error() == "" {
			t.Errorf("rows %v beside the error %v", rows, err)
		}
		return
	}
	line := 0
	for _, row := range rows {
		if row.Line <= line || len(row.Cells) > sheet.MaxColumns || len(row.Cells) == 0 && row.Fault == "" {
			t.Errorf("row %+v after line %d", row, line)
		}
		line = row.Line
		for _, cell := range row.Cells {
			if !utf8.ValidString(cell) || strings.TrimSpace(cell) != cell && !bytes.HasPrefix(data, []byte("PK")) && cell[0] != '\'' {
				t.Errorf("cell %q", cell)
			}
		}
	}
	if len(rows) > 100 {
		t.Errorf("%d rows", len(rows))
	}
}
