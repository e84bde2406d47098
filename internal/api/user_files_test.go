package api_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"carrel/internal/sheet"
	"carrel/internal/workspace"
)

// upload sends a file to be imported.
func (w *world) upload(query, field, text string) answer {
	w.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile(field, "people")
	if err != nil {
		w.Fatal(err)
	}
	part.Write([]byte(text))
	form.Close()
	return w.do("POST", w.path("/users/desktop-users/action/import"+query), body.String(), func(r *http.Request) {
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
func (w *world) download(target, accept string) ([][]string, http.Header) {
	w.Helper()
	r := httptest.NewRequestWithContext(w.Context(), "GET", target, nil)
	r.Header.Set("X-Auth-Token", w.token)
	r.Header.Set("Accept", accept)
	rec := httptest.NewRecorder()
	w.server.ServeHTTP(rec, r)
	if rec.Code != http.StatusOK {
		w.Fatalf("%s: %d %s", target, rec.Code, rec.Body)
	}
	rows, err := sheet.Read(rec.Body.Bytes(), 1000)
	if err != nil {
		w.Fatalf("%s: %v", target, err)
	}
	return rows, rec.Header()
}

func TestGoodRowsOfAFileGoInAndBadOnesAreReported(t *testing.T) {
	rows := [][]string{
		{"User name*", "Email", "密码", "account_expires", "User groups (;)", "Phone"},
		{"bob", "bob@example.org", "", "2100-01-31T12:00:00Z", "sales; Press"},
		{"9", "nine@example.org", "", "", ""},
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
		`line 3, column A (User name*): "9" must start with a letter`, `line 5, column B (Email): "carl" is not a mail address`,
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
			w := newWorld(t)
			w.group("Sales")
			w.group("Press")
			ann := w.admitted("ann")
			a := w.ok(w.upload("", "file", text))
			if got := w.names(a, "user_detail_list", "user_name"); !slices.Equal(got, []string{"bob", "dora", "ann"}) || a.number("total_count") != 11 {
				t.Errorf("went in: %s", a.raw)
			}
			if id := a.text("user_detail_list", 2, "id"); id != ann {
				t.Errorf("ann is now %q, was %q", id, ann)
			}
			failed := w.names(a, "failed_detail_list", "description")
			for i := range max(len(bad), len(failed)) {
				if i >= len(bad) || i >= len(failed) || !strings.HasPrefix(failed[i], bad[i]) {
					t.Fatalf("reported: %q, want %q", failed, bad)
				}
			}
			list := w.ok(w.get("/users"))
			if got := w.names(list, "users", "user_name"); !slices.Equal(got, []string{"ann", "bob", "dora"}) {
				t.Errorf("people: %v", got)
			}
			bob := w.ok(w.get("/users?user_name=bob"))
			if got := bob.list("users", 0, "group_names"); !slices.Equal(got, []any{"Press", "Sales"}) || bob.text("users", 0, "account_expires") != "4105080000000" {
				t.Errorf("bob: %s", bob.raw)
			}
			s := &workspace.Service{Store: w.store, Passwords: w.iam.Passwords, Log: w.iam.Log}
			if _, err := s.SignIn(t.Context(), "dora", goodPassword); err != nil {
				t.Error(err)
			}
			again := w.ok(w.upload("", "file", text))
			if n := w.ok(w.get("/users")).number("total_count"); n != 3 || len(again.list("user_detail_list")) != 3 {
				t.Errorf("after the same file once more: %d people, %s", n, again.raw)
			}
		})
	}
}

func TestAFileTellsOfDesktopsForTheOrderThatFollows(t *testing.T) {
	w := newWorld(t)
	w.create(object{"size": 1, "desktop_name": "old"})
	head := "User name,Email,Permission group,Desktop name,Desktop IP"
	text := csvText(head,
		"ann,ann@example.org,SUDO,ann-1,10.9.0.20", "ann,,default,ann-2,", "bob,bob@example.org,root,,", "carl,carl@example.org,,OLD,",
		"dora,dora@example.org,,ann-1,", "emil,emil@example.org,,,10.8.0.1", "fred,fred@example.org,,,x", "gina,gina@example.org,,,10.9.0.1",
	)
	a := w.ok(w.upload("?vpc_id="+w.vpcID+"&subnet_id="+w.subnetID, "file", text))
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
		`line 6, column D (Desktop name): "ann-1" is there twice, also in line 2`, "line 7, column E (Desktop IP): 10.8.0.1 is not a usable address",
		`line 8, column E (Desktop IP): "x" is not an IPv4 address`, "line 9, column E (Desktop IP): 10.9.0.1 is not a usable address",
	}
	got := w.names(a, "failed_detail_list", "description")
	for i := range max(len(want), len(got)) {
		if i >= len(want) || i >= len(got) || !strings.HasPrefix(got[i], want[i]) {
			t.Fatalf("reported: %q, want %q", got, want)
		}
	}
	w.refused(w.upload("?subnet_id=x", "file", text), 400, workspace.CodeSubnetNotFound, "subnet_id")
	w.refused(w.upload("?vpc_id=x&subnet_id="+w.subnetID, "file", text), 400, workspace.CodeInvalid, "vpc_id")
	w.refused(w.upload("?vpc_id=x", "file", text), 400, workspace.CodeInvalid, "vpc_id")
}

func TestFilesThatAreNoGoodAreRefusedAsAWhole(t *testing.T) {
	w := newWorld(t)
	for text, why := range map[string]string{
		"":                              "file: is empty",
		"\xff\xfe":                      "file: the file is neither XLSX nor CSV in UTF-8",
		"Email\nx@example.org\n":        `file: line 1: the column "User name" is missing`,
		"User name,Shoe size\nann,40\n": `file: line 1, column B: "Shoe size" is no column`,
		"User name,Email,用户名\nann,a@b,ann\n": `file: line 1, column C: "用户名" is there twice, also in column A`,
		"User name\n": "file: holds 0 people, use 1 to 500",
		"User name\n" + strings.Repeat("a\n", 501): "file: holds 501 people, use 1 to 500",
		strings.Repeat("\n", 1001) + "x\n":         "file: more than 1000 lines",
	} {
		w.refused(w.upload("", "file", text), 400, workspace.CodeInvalid, why)
	}
	w.refused(w.upload("", "other", "User name\nann\n"), 400, workspace.CodeInvalid, "file: 0 files")
	w.refused(w.upload("", "file", strings.Repeat("x", 1<<20+1)), 413, workspace.CodeTooLarge, "file: may have 1 MB")
	if a := w.post("/users/desktop-users/action/import", object{}); a.status != http.StatusBadRequest && a.status != http.StatusUnsupportedMediaType {
		t.Errorf("without a form: %d %s", a.status, a.raw)
	}
	if n := w.ok(w.get("/users")).number("total_count"); n != 0 {
		t.Errorf("%d people", n)
	}
}

func TestTemplatesAreReadAsTheyAreWritten(t *testing.T) {
	w := newWorld(t)
	for target, want := range map[string][]string{
		"/users/template/download": {"User name", "Email", "Phone", "Alias", "Account expires", "Description", "User groups"},
		"/users/template/download?active_type=ADMIN_ACTIVATE&language=zh_CN": {"用户名", "密码", "邮箱", "手机号", "别名", "激活类型", "账户过期时间", "描述", "用户组"},
		"/users/desktop-users/template":                                      {"User name", "Email", "Permission group (default, sudo)", "Desktop name", "Desktop IP"},
		"/users/desktop-users/template?language=zh_CN&os_type=Windows":       {"用户名", "邮箱", "权限组 (users, administrators)", "桌面名称", "桌面IP"},
	} {
		for _, accept := range []string{"text/csv", "*/*"} {
			rows, header := w.download(w.path(target), accept)
			if len(rows) != 1 || !slices.Equal(rows[0], want) {
				t.Errorf("%s: %q, want %q", target, rows, want)
			}
			name := header.Get("Content-Disposition")
			if csv := accept == "text/csv"; strings.HasSuffix(name, `.csv"`) != csv || strings.HasPrefix(header.Get("Content-Type"), "text/csv") != csv {
				t.Errorf("%s as %s: %v", target, accept, header)
			}
		}
		rows, _ := w.download(w.path(target), "")
		person := make([]string, len(rows[0]))
		person[0], person[1] = "ann", "ann@example.org"
		if strings.Contains(target, "ADMIN") {
			person[1] = goodPassword
		}
		if a := w.ok(w.upload("", "file", xlsx(t, rows[0], person))); len(a.list("user_detail_list")) != 1 && !strings.Contains(a.raw, "another mail") {
			t.Errorf("%s filled in: %s", target, a.raw)
		}
	}
	w.refused(w.get("/users/template/download?language=fr"), 400, workspace.CodeInvalid, "language")
	w.refused(w.get("/users/desktop-users/template?os_type=BeOS"), 400, workspace.CodeInvalid, "os_type")
}

func TestPeopleAndGroupsAreExported(t *testing.T) {
	w := newWorld(t)
	sales := w.group("Sales")
	w.ok(w.post("/users", object{
		"user_name": "ann", "user_email": "ann@example.org", "user_phone": "+49 30", "description": "=1+1", "group_ids": []string{sales}, "account_expires": "2100-01-31T12:00:00Z",
	}))
	w.admitted("bob")
	v3 := func(target string) string { return "/v3/" + w.first.ProjectID + target }
	export := func(body any) string {
		t.Helper()
		return w.ok(w.do("POST", v3("/users/export"), body)).text("task_id")
	}
	fetch := func(id string) [][]string {
		t.Helper()
		rows, _ := w.download(w.path("/export-tasks/"+id+"/download"), "text/csv")
		return rows
	}
	all := export(object{"language": "en_US"})
	rows := fetch(all)
	if len(rows) != 3 || !slices.Equal(rows[1][:9], []string{"ann", "ann@example.org", "+49 30", "", "USER_ACTIVATE", "2100-01-31T12:00:00Z", "=1+1", "Sales", "false"}) {
		t.Errorf("exported: %q", rows)
	}
	if rows := fetch(export(object{"user_name": "BO", "language": "zh_CN"})); len(rows) != 2 || rows[0][0] != "用户名" || rows[1][0] != "bob" {
		t.Errorf("bob: %q", rows)
	}
	if rows := fetch(export(nil)); len(rows) != 3 {
		t.Errorf("without a body: %q", rows)
	}
	members := w.ok(w.do("GET", v3("/groups/"+sales+"/users/export?user_name=a"), nil)).text("task_id")
	if rows := fetch(members); len(rows) != 2 || rows[1][0] != "ann" {
		t.Errorf("of the group: %q", rows)
	}
	w.refused(w.do("GET", v3("/groups/x/users/export"), nil), 400, workspace.CodeGroupNotFound, "x")
	if rows, _ := w.download(w.path("/groups/export?keyword=sal"), ""); len(rows) != 2 || rows[1][0] != "Sales" || rows[1][2] != "1" {
		t.Errorf("groups: %q", rows)
	}

	a := w.ok(w.get("/export-tasks?task_id=" + all))
	if task := (answer{body: a.at("export_tasks", 0)}); a.number("count") != 1 || task.text("status") != "SUCCESS" || task.at("is_download") != true ||
		!strings.HasPrefix(task.text("file_name"), "users-") || task.text("create_time") == "" {
		t.Errorf("task: %s", a.raw)
	}
	for query, want := range map[string]int{"": 4, "status=SUCCESS": 4, "status=EXPIRED": 0, "status=FAIL": 0, "is_download=false": 0, "file_name=USERS": 4, "limit=1": 4} {
		if got := w.ok(w.get("/export-tasks?" + query)).number("count"); got != want {
			t.Errorf("%q finds %d, want %d", query, got, want)
		}
	}
	w.ok(w.post("/export-tasks/batch-delete", object{"task_ids": []string{all, members}}))
	w.refused(w.get("/export-tasks/"+all+"/download"), 404, workspace.CodeExportNotFound, all)
	w.refused(w.post("/export-tasks/batch-delete", object{"task_ids": []string{all}}), 404, workspace.CodeExportNotFound, all)
	w.update(func(tx workspace.Tx) error {
		return tx.InsertExport(t.Context(), workspace.Export{ID: "old", ProjectID: w.first.ProjectID, Name: "old", Created: time.Now(), Expires: time.Now()})
	})
	w.refused(w.get("/export-tasks/old/download"), 404, workspace.CodeExportNotFound, "expired")
	if a := w.ok(w.get("/export-tasks?status=EXPIRED")); a.text("export_tasks", 0, "status") != "EXPIRED" {
		t.Errorf("expired: %s", a.raw)
	}
}
