// Package called notes which operations of the API a test really called, for docs/coverage.md.
package called

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// answered is a line of the metrics about requests that succeeded.
var answered = regexp.MustCompile(`^carrel_api_requests_total\{operation="(\w+)",status="2\d\d"\} `)

// Note appends the operations that a control plane has answered with success to the file that CARREL_TEST_CALLED names, one a line
// after kind, which says from where they were called: "sdk" or "incus". Without the variable it does nothing. A control plane that no
// longer answers is left out.
func Note(t testing.TB, endpoint, kind string) {
	t.Helper()
	path := os.Getenv("CARREL_TEST_CALLED")
	if path == "" {
		return
	}
	r, err := http.Get(endpoint + "/metrics") //nolint:noctx // at the end of a test, of the test's own control plane
	if err != nil {
		return
	}
	defer r.Body.Close() //nolint:errcheck // only read
	var names []string
	for lines := bufio.NewScanner(r.Body); lines.Scan(); {
		if m := answered.FindStringSubmatch(lines.Text()); m != nil {
			names = append(names, m[1])
		}
	}
	slices.Sort(names)
	var text strings.Builder
	for _, name := range slices.Compact(names) {
		fmt.Fprintf(&text, "%s\t%s\n", kind, name)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Error(err)
		return
	}
	if _, err := f.WriteString(text.String()); err != nil { // one write: packages append at the same time
		t.Error(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}
