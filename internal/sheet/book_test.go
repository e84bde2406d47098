package sheet_test

import (
	"archive/zip"
	"bytes"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"carrel/internal/sheet"
)

// The least that an XLSX file may have, as programs that export people write it: no formats, no shared strings.
const (
	ns        = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"`
	relations = `xmlns="http://schemas.openxmlformats.org/package/2006/relationships"`
	office    = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

	leastWorkbook = `<workbook ` + ns + ` xmlns:r="` + office + `"><sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>`
	leastTable    = `<worksheet ` + ns + `><sheetData><row>` + nameCell + `</row><row><c t="inlineStr"><is><t>ann</t></is></c></row></sheetData></worksheet>`
	nameCell      = `<c t="inlineStr"><is><t>User name</t></is></c>`
)

// bookOf makes an XLSX file of the least parts and others, which may be named anew.
func bookOf(t *testing.T, others map[string]string) []byte {
	t.Helper()
	parts := map[string]string{
		"[Content_Types].xml": `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/>` +
			`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>`,
		"_rels/.rels":                `<Relationships ` + relations + `><Relationship Id="rId1" Type="` + office + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/_rels/workbook.xml.rels": `<Relationships ` + relations + `><Relationship Id="rId1" Type="` + office + `/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
		"xl/workbook.xml":            leastWorkbook,
		"xl/worksheets/sheet1.xml":   leastTable,
	}
	maps.Copy(parts, others)
	var file bytes.Buffer
	out := zip.NewWriter(&file)
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		w, err := out.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, parts[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// A file without formats was answered with 500.
func TestAnXLSXFileWithoutFormatsIsRead(t *testing.T) {
	for name, parts := range map[string]map[string]string{
		"NoPart":    nil,
		"EmptyPart": {"xl/styles.xml": `<styleSheet ` + ns + `/>`},
		"NoFormats": {"xl/styles.xml": `<styleSheet ` + ns + `><cellXfs/></styleSheet>`},
	} {
		rows, err := sheet.Read(bookOf(t, parts), 10, isHead)
		if err != nil || len(rows) != 2 || !slices.Equal(rows[1].Cells, []string{"ann"}) {
			t.Errorf("%s: %+v %v", name, rows, err)
		}
	}
}

// A few bytes can name the last row or column of a table, or a long text many times: 1.5 kB took a processor for ever, or 15 GB.
func TestAnXLSXFileThatNamesMoreThanItHoldsIsRefused(t *testing.T) {
	table := func(rows string) string {
		return `<worksheet ` + ns + `><sheetData><row>` + nameCell + `</row>` + rows + `</sheetData></worksheet>`
	}
	long := `<sst ` + ns + `><si><r><t>` + strings.Repeat("a", 1<<20) + `</t></r></si></sst>`
	for name, parts := range map[string]map[string]string{
		"FarColumns":    {"xl/worksheets/sheet1.xml": table(strings.Repeat(`<row><c r="XFD1"><v>1</v></c></row>`, 900))},
		"FarRow":        {"xl/worksheets/sheet1.xml": table(`<row r="9000000000000000000">` + nameCell + `</row>`)},
		"OneTextInARow": {"xl/worksheets/sheet1.xml": table(`<row>` + strings.Repeat(`<c t="s"><v>0</v></c>`, 16_000) + `</row>`), "xl/sharedStrings.xml": long},
		"OneTextInRows": {"xl/worksheets/sheet1.xml": table(strings.Repeat(`<row><c t="s"><v> 0</v></c></row>`, 900)), "XL/SharedStrings.xml": long},
	} {
		rows, err := sheet.Read(bookOf(t, parts), 1000, isHead)
		if err == nil || !strings.Contains(err.Error(), "copy the rows") {
			t.Errorf("%s: %d rows, %v", name, len(rows), err)
		}
	}
	last := bookOf(t, map[string]string{"xl/worksheets/sheet1.xml": table(`<row r="1048576">` + nameCell + `</row>`)})
	if rows, err := sheet.Read(last, 1000, isHead); err != nil || len(rows) != 2 || rows[1].Line != 1048576 {
		t.Errorf("somebody in the last row: %+v %v", rows, err)
	}
}

func TestAnXLSXFileInAnotherEncodingIsRefused(t *testing.T) {
	table := `<?xml version="1.0" encoding="windows-1252"?>` + leastTable
	data := bookOf(t, map[string]string{"xl/worksheets/sheet1.xml": table, "xl/sharedStrings.xml": `<sst ` + ns + `><si><t>a</t></si></sst>`})
	if rows, err := sheet.Read(data, 10, isHead); err == nil || !strings.Contains(err.Error(), "windows-1252") {
		t.Errorf("%v %v", rows, err)
	}
}

// FuzzBook proves of files whose archive is sound what FuzzRead proves of all.
func FuzzBook(f *testing.F) {
	f.Add(leastTable, leastWorkbook, "", "")
	f.Add(strings.Replace(leastTable, "<c ", `<c r="XFD7" s="3" `, 1), leastWorkbook, `<styleSheet `+ns+`><numFmts><numFmt numFmtId="164" formatCode="yyyy"/></numFmts><cellXfs><xf numFmtId="164"/></cellXfs></styleSheet>`, "")
	f.Add(`<worksheet `+ns+`><sheetData><row><c t="s"><v>0</v></c><c t="d"><v>2030-01-31</v></c><c><f>1+1</f><v>2</v></c></row></sheetData></worksheet>`,
		strings.Replace(leastWorkbook, "sheetId", `state="hidden" sheetId`, 1), "", `<sst `+ns+`><si><r><t>rich</t></r></si></sst>`)
	f.Fuzz(func(t *testing.T, table, workbook, formats, strings string) {
		parts := map[string]string{"xl/worksheets/sheet1.xml": table, "xl/workbook.xml": workbook}
		if formats != "" {
			parts["xl/styles.xml"] = formats
		}
		if strings != "" {
			parts["xl/sharedStrings.xml"] = strings
		}
		checkRead(t, bookOf(t, parts))
	})
}
