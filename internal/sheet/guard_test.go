package sheet_test

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"

	"carrel/internal/sheet"
)

func TestFormulasAreGuardedHoweverTheyBegin(t *testing.T) {
	for _, formula := range []string{
		"=1", "+1", "-1", "@x", " =1", "  +1", "\u00a0=1", "\u3000=1", "＝1", "＋1", "－1", "＠x", " ＝1", "\t=1", "\r=1", "\tx", "\rx", "\t", "\t ", "''\t",
	} {
		var file bytes.Buffer
		if err := sheet.Write(&file, sheet.CSV, [][]string{{"name", formula, "end"}}); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(file.String(), "\ufeff"))).ReadAll()
		if err != nil || !strings.HasPrefix(rows[0][1], "'") || rows[0][0] != "name" {
			t.Errorf("%q is written as %q, %v", formula, rows, err)
		}
		if !strings.ContainsAny(formula, "\r\n") {
			read, err := sheet.Read(file.Bytes(), 10, anyRow)
			if err != nil || read[0].Cells[1] != formula && read[0].Cells[1] != strings.TrimSpace(formula) {
				t.Errorf("%q is read again as %v, %v", formula, read, err)
			}
		}
	}
	for _, text := range []string{"ann", "a=b", "1-2", "'", "", "桌面＝1"} {
		var file bytes.Buffer
		if err := sheet.Write(&file, sheet.CSV, [][]string{{text, "x"}}); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(file.String(), "\ufeff'") && text != "'" {
			t.Errorf("%q is no formula and is guarded: %q", text, file.String())
		}
	}
}
