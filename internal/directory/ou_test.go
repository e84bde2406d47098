package directory_test

import (
	"strings"
	"testing"

	"carrel/internal/directory"
	"carrel/internal/workspace"
)

func TestCheckOUName(t *testing.T) {
	for _, good := range []string{"Sales", "Berlin/Sales 1", "柏林/销售", "a/b/c/d/e", strings.Repeat("x", 64), "a.b_c-d"} {
		if err := directory.CheckOUName("ou_name", good); err != nil {
			t.Errorf("%q is refused: %v", good, err)
		}
	}
	for bad, why := range map[string]string{
		"": "a level that is empty", "a/b/c/d/e/f": "6 levels, at most 5", "a//b": "a level that is empty",
		"/a": "a level that is empty", "a /b": "a level that is empty", "a,b": "',' is not allowed", "a=b": "'=' is not allowed",
	} {
		if err := directory.CheckOUName("ou_name", bad); !strings.Contains(workspace.MessageOf(err), why) || !strings.HasPrefix(workspace.MessageOf(err), "ou_name: ") {
			t.Errorf("%q: %v, want %q", bad, err, why)
		}
	}
}

func TestTheDistinguishedNameOfAUnitBeginsWithTheInnermostLevel(t *testing.T) {
	if dn := (directory.OU{Meta: workspace.Meta{Name: "Berlin/Sales"}}).DN(); dn != "OU=Sales,OU=Berlin,DC=carrel,DC=local" {
		t.Error(dn)
	}
}
