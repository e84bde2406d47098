package api_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"carrel/internal/core"
	"carrel/internal/directory"
	"carrel/internal/export"
	"carrel/internal/sheet"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// upload sends a file to be imported.
func (e *env) upload(query, field, text string) answer {
	e.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile(field, "people")
	if err != nil {
		e.Fatal(err)
	}
	part.Write([]byte(text))
	form.Close()
	return e.do("POST", e.path("/users/desktop-users/action/import"+query), body.String(), func(r *http.Request) {
		r.Header.Set("Content-Type", form.FormDataContentType())
	})
}

func xlsx(t *testing.T, rows ...[]string) string {
	t.Helper()
	var file bytes.Buffer
	if err := sheet.Write(&file, sheet.XLSX, rows); err != nil {
		t.Fatal(err)
	}
	return file.String()
}

func csvText(rows ...string) string { return strings.Join(rows, "\n") + "\n" }

// download fetches a file and reads its table.
func (e *env) download(target, accept string) ([][]string, http.Header) {
	e.Helper()
	r := httptest.NewRequestWithContext(e.Context(), "GET", target, nil)
	r.Header.Set("X-Auth-Token", e.token)
	r.Header.Set("Accept", accept)
	rec := httptest.NewRecorder()
	e.server.ServeHTTP(rec, r)
	if rec.Code != http.StatusOK {
		e.Fatalf("%s: %d %s", target, rec.Code, rec.Body)
	}
	rows, err := sheet.Read(rec.Body.Bytes(), 1000, func([]string) bool { return false })
	if err != nil {
		e.Fatalf("%s: %v", target, err)
	}
	cells := make([][]string, len(rows))
	for i, r := range rows {
		cells[i] = r.Cells
	}
	return cells, rec.Header()
}

func TestGoodRowsOfAFileGoInAndBadOnesAreReported(t *testing.T) {
	rows := [][]string{
		{"User name*", "Email", "密码", "account_expires", "User groups (;)", "Phone"},
		{"bob", "bob@example.org", "", "2100-01-31T12:00:00Z", "sales; Press"},
		{"-9", "nine@example.org", "", "", ""},
		{"", "", "", "", ""},
		{"carl", "carl", "", "", ""},
		{"dora", "", goodPassword, "", ""},
		{"emil", "", "weak", "", ""},
		{"fred", "fred@example.org", "", "soon", ""},
		{"gina", "gina@example.org", "", "", "Moon"},
		{"ann", "", "", "", ""},
		{"ANN", "other@example.org", "", "", ""},
		{"hans", "", "", "", ""},
		{"ida", "ida@example.org", "", "", "", "abc"},
	}
	bad := []string{
		`line 3, column A (User name*): "-9" must start with a letter`, `line 5, column B (Email): "carl" is not a mail address`,
		"line 7, column C (密码): use 8 to 64 characters", `line 8, column D (account_expires): "soon" is not a time`,
		`line 9, column E (User groups (;)): group "Moon" does not exist`, "line 11, column A (User name*): a user of this name is there with another mail address",
		"line 12, column B (Email): must be given", `line 13, column F (Phone): "abc" is not a telephone number`,
	}
	lines := make([]string, len(rows))
	for i, row := range rows {
		lines[i] = strings.Join(row, ",")
	}
	for format, text := range map[string]string{"XLSX": xlsx(t, rows...), "CSV": csvText(lines...)} {
		t.Run(format, func(t *testing.T) {
			e := newEnv(t)
			e.group("Sales")
			e.group("Press")
			ann := e.admitted("ann")
			a := e.ok(e.upload("", "file", text))
			if got := e.names(a, "user_detail_list", "user_name"); !slices.Equal(got, []string{"bob", "dora", "ann"}) || a.number("total_count") != 11 {
				t.Errorf("went in: %s", a.raw)
			}
			if id := a.text("user_detail_list", 2, "id"); id != ann {
				t.Errorf("ann is now %q, was %q", id, ann)
			}
			failed := e.names(a, "failed_detail_list", "description")
			for i := range max(len(bad), len(failed)) {
				if i >= len(bad) || i >= len(failed) || !strings.HasPrefix(failed[i], bad[i]) {
					t.Fatalf("reported: %q, want %q", failed, bad)
				}
			}
			list := e.ok(e.get("/users"))
			if got := e.names(list, "users", "user_name"); !slices.Equal(got, []string{"ann", "bob", "dora"}) {
				t.Errorf("people: %v", got)
			}
			bob := e.ok(e.get("/users?user_name=bob"))
			if got := bob.list("users", 0, "group_names"); !slices.Equal(got, []any{"Press", "Sales"}) || bob.text("users", 0, "account_expires") != "4105080000000" {
				t.Errorf("bob: %s", bob.raw)
			}
			s := core.NewServices(core.Config{Store: e.store, Passwords: e.iam.Passwords, Box: e.iam.Box})
			if _, err := s.SignIn.SignIn(t.Context(), "dora", goodPassword); err != nil {
				t.Error(err)
			}
			again := e.ok(e.upload("", "file", text))
			if n := e.ok(e.get("/users")).number("total_count"); n != 3 || len(again.list("user_detail_list")) != 3 {
				t.Errorf("after the same file once more: %d people, %s", n, again.raw)
			}
		})
	}
}

func TestAFileTellsOfDesktopsForTheOrderThatFollows(t *testing.T) {
	e := newEnv(t)
	e.create(object{"size": 1, "desktop_name": "old"})
	head := "User name,Email,Permission group,Desktop name,Desktop IP"
	text := csvText(head,
		"ann,ann@example.org,SUDO,ann-1,10.9.0.20", "ann,,default,ann-2,", "bob,bob@example.org,root,,", "carl,carl@example.org,,OLD,",
		"dora,dora@example.org,,ann-1,", "emil,emil@example.org,,,10.8.0.1", "fred,fred@example.org,,,x", "gina,gina@example.org,,,10.9.0.1",
	)
	a := e.ok(e.upload("?vpc_id="+e.vpcID+"&subnet_id="+e.subnetID, "file", text))
	good := a.list("user_detail_list")
	if len(good) != 2 {
		t.Fatalf("went in: %s", a.raw)
	}
	first, second := answer{body: good[0]}, answer{body: good[1]}
	if first.text("permission_group") != "sudo" || first.text("desktop_name") != "ann-1" || first.text("desktop_ip") != "10.9.0.20" || first.text("id") != second.text("id") {
		t.Errorf("handed back: %s", a.raw)
	}
	want := []string{
		`line 4, column C (Permission group): "root" is unknown`, `line 5, column D (Desktop name): "OLD" is in use`,
		`line 6, column D (Desktop name): "ann-1" is listed twice, also in line 2`, "line 7, column E (Desktop IP): 10.8.0.1 is not a usable address",
		`line 8, column E (Desktop IP): "x" is not an IPv4 address`, "line 9, column E (Desktop IP): 10.9.0.1 is not a usable address",
	}
	got := e.names(a, "failed_detail_list", "description")
	for i := range max(len(want), len(got)) {
		if i >= len(want) || i >= len(got) || !strings.HasPrefix(got[i], want[i]) {
			t.Fatalf("reported: %q, want %q", got, want)
		}
	}
	e.refused(e.upload("?subnet_id=x", "file", text), 400, workspace.CodeSubnetNotFound, "subnet_id")
	e.refused(e.upload("?vpc_id=x&subnet_id="+e.subnetID, "file", text), 400, workspace.CodeInvalid, "vpc_id")
	e.refused(e.upload("?vpc_id=x", "file", text), 400, workspace.CodeInvalid, "vpc_id")
}

func TestFilesThatAreNoGoodAreRefusedAsAWhole(t *testing.T) {
	e := newEnv(t)
	for text, why := range map[string]string{
		"":                              "file: is empty",
		"\x00\xff\xfe":                  "file: the file is neither XLSX nor CSV in an encoding that can be told for sure",
		"Email\nx@example.org\n":        `file: line 1: the column "User name" is missing`,
		"User name,Shoe size\nann,40\n": `file: line 1, column B: "Shoe size" is no column`,
		"User name,Email,用户名\nann,a@b,ann\n": `file: line 1, column C: "用户名" is listed twice, also in column A`,
		"User name\n": "file: lists 0 users, at most 500 are allowed",
		"User name\n" + strings.Repeat("a\n", 501): "file: lists 501 users, at most 500 are allowed",
		strings.Repeat("x\n", 1001):                "file: more than 1000 rows",
	} {
		e.refused(e.upload("", "file", text), 400, workspace.CodeInvalid, why)
	}
	e.refused(e.upload("", "other", "User name\nann\n"), 400, workspace.CodeInvalid, "file: 0 files")
	e.refused(e.upload("", "file", strings.Repeat("x", 1<<20+1)), 413, workspace.CodeTooLarge, "file: may have 1 MB")
	if a := e.post("/users/desktop-users/action/import", object{}); a.status != http.StatusBadRequest && a.status != http.StatusUnsupportedMediaType {
		t.Errorf("without a form: %d %s", a.status, a.raw)
	}
	if n := e.ok(e.get("/users")).number("total_count"); n != 0 {
		t.Errorf("%d people", n)
	}
}

func TestUploadsLeaveNoTemporaryFiles(t *testing.T) {
	e := newEnv(t)
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	e.ok(e.upload("", "file", "User name\n"+strings.Repeat("\n", 100<<10)+"ann\n"))
	e.refused(e.upload("", "file", strings.Repeat("x", 1<<20+1)), 413, workspace.CodeTooLarge, "file: may have 1 MB")
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%d files are left: %v, %v", len(left), left, err)
	}
}

func TestTemplatesAreReadAsTheyAreWritten(t *testing.T) {
	e := newEnv(t)
	for target, want := range map[string][]string{
		"/users/template/download": {"User name", "Email", "Phone", "Alias", "Account expires", "Description", "User groups"},
		"/users/template/download?active_type=ADMIN_ACTIVATE&language=zh_CN": {"用户名", "密码", "邮箱", "手机号", "别名", "激活类型", "账户过期时间", "描述", "用户组"},
		"/users/desktop-users/template":                                      {"User name", "Email", "Permission group (default, sudo)", "Desktop name", "Desktop IP"},
		"/users/desktop-users/template?language=zh_CN&os_type=Windows":       {"用户名", "邮箱", "权限组 (users, administrators)", "桌面名称", "桌面IP"},
	} {
		for _, accept := range []string{"text/csv", "*/*"} {
			rows, header := e.download(e.path(target), accept)
			if len(rows) != 1 || !slices.Equal(rows[0], want) {
				t.Errorf("%s: %q, want %q", target, rows, want)
			}
			name := header.Get("Content-Disposition")
			if csv := accept == "text/csv"; strings.HasSuffix(name, `.csv"`) != csv || strings.HasPrefix(header.Get("Content-Type"), "text/csv") != csv {
				t.Errorf("%s as %s: %v", target, accept, header)
			}
		}
		rows, _ := e.download(e.path(target), "")
		person := make([]string, len(rows[0]))
		person[0], person[1] = "ann", "ann@example.org"
		if strings.Contains(target, "ADMIN") {
			person[1] = goodPassword
		}
		if a := e.ok(e.upload("", "file", xlsx(t, rows[0], person))); len(a.list("user_detail_list")) != 1 && !strings.Contains(a.raw, "another mail") {
			t.Errorf("%s filled in: %s", target, a.raw)
		}
	}
	e.refused(e.get("/users/template/download?language=fr"), 400, workspace.CodeInvalid, "language")
	e.refused(e.get("/users/desktop-users/template?os_type=BeOS"), 400, workspace.CodeInvalid, "os_type")
}

func TestPeopleAndGroupsAreExported(t *testing.T) {
	e := newEnv(t)
	sales := e.group("Sales")
	e.ok(e.post("/users", object{
		"user_name": "ann", "user_email": "ann@example.org", "user_phone": "+49 30", "description": "=1+1", "group_ids": []string{sales}, "account_expires": "2100-01-31T12:00:00Z",
	}))
	e.admitted("bob")
	v3 := func(target string) string { return "/v3/" + e.first.ProjectID + target }
	task := func(body any) string {
		t.Helper()
		return e.ok(e.do("POST", v3("/users/export"), body)).text("task_id")
	}
	fetch := func(id string) [][]string {
		t.Helper()
		rows, _ := e.download(e.path("/export-tasks/"+id+"/download"), "text/csv")
		return rows
	}
	all := task(object{"language": "en_US"})
	rows := fetch(all)
	if len(rows) != 3 || !slices.Equal(rows[1][:9], []string{"ann", "ann@example.org", "+49 30", "", "USER_ACTIVATE", "2100-01-31T12:00:00Z", "=1+1", "Sales", "false"}) {
		t.Errorf("exported: %q", rows)
	}
	if rows := fetch(task(object{"user_name": "BO", "language": "zh_CN"})); len(rows) != 2 || rows[0][0] != "用户名" || rows[1][0] != "bob" {
		t.Errorf("bob: %q", rows)
	}
	if rows := fetch(task(nil)); len(rows) != 3 {
		t.Errorf("without a body: %q", rows)
	}
	members := e.ok(e.do("GET", v3("/groups/"+sales+"/users/export?user_name=a"), nil)).text("task_id")
	if rows := fetch(members); len(rows) != 2 || rows[1][0] != "ann" {
		t.Errorf("of the group: %q", rows)
	}
	e.refused(e.do("GET", v3("/groups/x/users/export"), nil), 400, workspace.CodeGroupNotFound, "x")
	if rows, _ := e.download(e.path("/groups/export?keyword=sal"), ""); len(rows) != 2 || rows[1][0] != "Sales" || rows[1][2] != "1" {
		t.Errorf("groups: %q", rows)
	}

	a := e.ok(e.get("/export-tasks?task_id=" + all))
	if task := (answer{body: a.at("export_tasks", 0)}); a.number("count") != 1 || task.text("status") != "SUCCESS" || task.at("is_download") != true ||
		!strings.HasPrefix(task.text("file_name"), "users-") || task.text("create_time") == "" {
		t.Errorf("task: %s", a.raw)
	}
	for query, want := range map[string]int{"": 4, "status=SUCCESS": 4, "status=EXPIRED": 0, "status=FAIL": 0, "is_download=false": 0, "file_name=USERS": 4, "limit=1": 4} {
		if got := e.ok(e.get("/export-tasks?" + query)).number("count"); got != want {
			t.Errorf("%q finds %d, want %d", query, got, want)
		}
	}
	e.ok(e.post("/export-tasks/batch-delete", object{"task_ids": []string{all, members}}))
	e.refused(e.get("/export-tasks/"+all+"/download"), 404, workspace.CodeExportNotFound, all)
	e.refused(e.post("/export-tasks/batch-delete", object{"task_ids": []string{all}}), 404, workspace.CodeExportNotFound, all)
	e.update(func(tx *store.Tx) error {
		return export.Insert(t.Context(), tx, export.Export{ID: "old", ProjectID: e.first.ProjectID, Name: "old", Created: time.Now(), Expires: time.Now()})
	})
	e.refused(e.get("/export-tasks/old/download"), 404, workspace.CodeExportNotFound, "expired")
	if a := e.ok(e.get("/export-tasks?status=EXPIRED")); a.text("export_tasks", 0, "status") != "EXPIRED" {
		t.Errorf("expired: %s", a.raw)
	}
}

// peopleFiles are small files as people and programs save them, and who of them goes in.
var peopleFiles = map[string]struct{ good, bad string }{
	"ad-export.csv": {"ad1", "line 3, column D (Account expires): 2025-01-01T00:00:00Z is past"}, "semicolon-excel-de.csv": {"semi1", ""}, "sep-line.csv": {"sep1", ""},
	"gbk-excel-zh.csv": {"gbk1", ""}, "ansi-cp1252.csv": {"cp1", ""}, "one-bad-quote.csv": {"q1 q2", ""}, "dates.xlsx": {"xd0 xd1 xd2 xd3 xd4", ""},
	"template-filled.xlsx": {"tp1", "line 3, column B (Password): use at least three"}, "styled-empty.xlsx": {"xe1", ""}, "hidden-first.xlsx": {"xh1", ""},
}

func TestPeopleOfFilesThatFailedBeforeGoIn(t *testing.T) {
	for name, want := range peopleFiles {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join("../sheet/testdata/people-files", name))
			if err != nil {
				t.Fatal(err)
			}
			e := newEnv(t)
			a := e.ok(e.upload("", "file", string(data)))
			good, bad := e.names(a, "user_detail_list", "user_name"), e.names(a, "failed_detail_list", "description")
			if strings.Join(good, " ") != want.good || len(bad) > 1 || !strings.HasPrefix(strings.Join(bad, ""), want.bad) || want.bad == "" && len(bad) > 0 {
				t.Errorf("%s", a.raw)
			}
			list := e.ok(e.get("/users"))
			if n := list.number("total_count"); n != len(good) {
				t.Errorf("%d people: %s", n, list.raw)
			}
			if name == "dates.xlsx" && strings.Count(list.raw, `"account_expires":"1803888000000"`) != 5 { // 2027-03-01 08:00
				t.Errorf("expiries: %s", list.raw)
			}
		})
	}
}

func TestARowThatCannotBeReadIsReportedAndTheOthersGoIn(t *testing.T) {
	e := newEnv(t)
	a := e.ok(e.upload("", "file", "User name,Email,Account expires,Alias\nann,ann@example.org,12/31/2090,\nbob,bob@example.org,,\"Bob\ncarl,carl@example.org,31.12.2090,Carl\ndora,dora@example.org,46387,\n"))
	bad := e.names(a, "failed_detail_list", "description")
	want := []string{`line 2, column C (Account expires): "12/31/2090" could begin with the day or the month`, "line 3: column D: a quotation mark opens", `line 5, column C (Account expires): "46387" is a number`}
	for i := range max(len(bad), len(want)) {
		if i >= len(want) || i >= len(bad) || !strings.HasPrefix(bad[i], want[i]) {
			t.Fatalf("reported: %q, want %q", bad, want)
		}
	}
	if list := e.ok(e.get("/users")); list.number("total_count") != 1 || list.text("users", 0, "account_expires") != "3818447999000" {
		t.Errorf("%s", list.raw)
	}
}

func printable(r rune) rune {
	if r < ' ' && r != '\n' && r != '\t' && r != '\r' {
		return -1
	}
	return r
}

func TestWhatIsExportedCanBeImportedAgain(t *testing.T) {
	e := newEnv(t)
	people := 0
	// A table keeps no control characters and no space around a text; an accent joins the letter that one parted from it.
	tidy := strings.NewReplacer("\r\n", "\n", "\r", "\n")
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.StringMatching(`[a-zA-Z0-9"',;=+@ äöü桌面._|-]{0,20}`), rapid.StringN(0, 20, 80), rapid.SampledFrom([]string{"=1+1", "a\nb", "'=x", "sep=;", "0", "\u202eabc", "😀"}))
		people++
		name := fmt.Sprintf("p%d", people)
		person := object{
			"user_name": name, "description": text.Draw(t, "description"), "alias_name": text.Draw(t, "alias"), "user_phone": rapid.SampledFrom([]string{"", "+49 30 1", "007", "(1)-2"}).Draw(t, "phone"),
			"account_expires": rapid.SampledFrom([]string{"0", "9223372036854775807", "9999-12-31T23:59:59Z", "2100-01-31", "4105080000000"}).Draw(t, "expires"),
		}
		if rapid.Bool().Draw(t, "invited") {
			person["user_email"] = "x@example.org"
		} else {
			person["active_type"], person["password"] = "ADMIN_ACTIVATE", goodPassword
		}
		created := e.post("/users", person)
		if created.status != http.StatusOK {
			return // taken, or refused in words
		}
		path := "/users/" + created.text("id")
		shown := func() object {
			d := e.ok(e.get(path)).at("user_detail").(object)
			for _, key := range []string{"id", "when_created", "next_login_change_password"} {
				delete(d, key)
			}
			for _, key := range []string{"description", "full_name"} {
				d[key] = norm.NFC.String(strings.TrimSpace(tidy.Replace(strings.Map(printable, d[key].(string)))))
			}
			return d
		}
		before := shown()
		task := e.ok(e.do("POST", "/v3/"+e.first.ProjectID+"/users/export", object{"user_name": name})).text("task_id")
		for _, accept := range []string{"text/csv", "*/*"} {
			file := e.do("GET", e.path("/export-tasks/"+task+"/download"), nil, func(r *http.Request) { r.Header.Set("Accept", accept) })
			if a := e.ok(e.upload("", "file", file.raw)); len(a.list("failed_detail_list")) > 0 {
				t.Fatalf("while they are there: %s", a.raw)
			}
			e.ok(e.do("DELETE", e.path(path), nil))
			a := e.ok(e.upload("", "file", file.raw))
			if len(a.list("failed_detail_list")) > 0 {
				t.Fatalf("as new people: %s", a.raw)
			}
			for i := range a.list("user_detail_list") {
				if a.text("user_detail_list", i, "user_name") == name {
					path = "/users/" + a.text("user_detail_list", i, "id")
				}
			}
			if after := shown(); !reflect.DeepEqual(after, before) {
				t.Fatalf("%s came back as %v, was %v", accept, after, before)
			}
		}
		e.ok(e.do("DELETE", e.path(path), nil))
	})
}

func TestPasswordsOfAFileAreHashedByAJobAndOpenAtOnce(t *testing.T) {
	e := newEnv(t)
	s := core.NewServices(core.Config{Store: e.store, Passwords: e.iam.Passwords, Box: e.iam.Box})
	a := e.ok(e.upload("", "file", csvText("User name,Password,Email", "ann,"+goodPassword+",", "bob,,bob@example.org", "carl,"+goodPassword+",")))
	subs := e.ok(e.get("/workspace-sub-jobs?job_id=" + a.text("job_id")))
	if subs.number("total_count") != 2 || subs.text("jobs", 0, "status") != "WAITING" || subs.text("jobs", 1, "entities", "user_name") != "carl" {
		t.Fatalf("%s: %s", a.raw, subs.raw)
	}
	stored := func(name string) (u directory.User) {
		e.update(func(tx *store.Tx) (err error) {
			u, err = directory.UserByName(t.Context(), tx, e.first.ProjectID, name)
			return err
		})
		return u
	}
	if u := stored("ann"); strings.Contains(u.PasswordHash, goodPassword) || u.PasswordHash == "" {
		t.Errorf("kept as %q", u.PasswordHash)
	}
	for _, password := range []string{goodPassword, goodPassword + "x", ""} {
		if _, err := s.SignIn.SignIn(t.Context(), "carl", password); (err == nil) != (password == goodPassword) {
			t.Errorf("before the job, with %q: %v", password, err)
		}
	}
	for range 2 { // again changes nothing
		if err := s.SignIn.HashSealedPassword(t.Context(), e.first.ProjectID, stored("ann").ID); err != nil {
			t.Fatal(err)
		}
	}
	if u := stored("ann"); !strings.HasPrefix(u.PasswordHash, "$argon2id$") {
		t.Errorf("after the job: %q", u.PasswordHash)
	}
	if _, err := s.SignIn.SignIn(t.Context(), "ann", goodPassword); err != nil {
		t.Error(err)
	}
	if err := s.SignIn.HashSealedPassword(t.Context(), e.first.ProjectID, "nobody"); err != nil {
		t.Errorf("of somebody who is gone: %v", err)
	}
	if a := e.ok(e.upload("", "file", "User name,Email\ndora,d@example.org\n")); a.at("job_id") != nil {
		t.Errorf("without passwords: %s", a.raw)
	}
}

func TestPeopleSignInWithNumbersDotsAndMailAddresses(t *testing.T) {
	e := newEnv(t)
	s := core.NewServices(core.Config{Store: e.store, Passwords: e.iam.Passwords, Box: e.iam.Box})
	for _, c := range []struct{ name, account string }{
		{"20231234", "u20231234"}, {"anna.muster", "anna-muster"}, {"anna@example.com", "anna"}, {"Anna@example.org", "anna1"}, {"anna-muster", "anna-muster1"}, {"mail@example.com", "mail1"},
	} {
		id := e.ok(e.post("/users", object{"user_name": c.name, "active_type": "ADMIN_ACTIVATE", "password": goodPassword})).text("id")
		if got := e.ok(e.get("/users/"+id)).text("user_detail", "sam_account_name"); got != c.account {
			t.Errorf("%s has the account %q, want %q", c.name, got, c.account)
		}
		if r, err := s.SignIn.SignIn(t.Context(), strings.ToUpper(c.name), goodPassword); err != nil || r.User.Name != c.name {
			t.Errorf("%s signs in as %q: %v", c.name, r.User.Name, err)
		}
	}
	e.ok(e.do("PUT", e.path("/desktops/change-username"), object{"old_username": "anna@example.com", "new_username": "20231235"}))
	renamed := e.ok(e.get("/users?user_names=20231235")).text("users", 0, "id")
	if got := e.ok(e.get("/users/"+renamed)).text("user_detail", "sam_account_name"); got != "u20231235" {
		t.Errorf("renamed, the account is %q", got)
	}
	e.create(object{"desktops": []object{{"user_name": "otto@example.com", "user_group": "sudo"}}})
	if a := e.ok(e.get("/desktops")); a.text("desktops", 0, "computer_name") != "otto01" {
		t.Errorf("named %s", a.raw)
	}
}
