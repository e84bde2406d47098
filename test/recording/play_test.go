package recording

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"carrel/test/controlplane"
)

// chapter is a part of the script: its steps are played in order.
type chapter struct {
	name  string
	steps []step
}

// step is a call, after which the program comes to rest: each job that can end has ended.
type step struct {
	call string // "POST users": a method and a path below /v2/{project}, or from the root if it begins with "/"
	why  string // what is special about it
	body string // JSON; with file, what that holds
	as   string // who calls: empty, the administrator by a token; "key", by the access key; "nobody"; else a person by the cookie of their sign-in
	head string // a further header, such as "Accept: text/csv"
	file string // the name of a file that is uploaded
	keep string // what later steps name: "ann=id" keeps field id as {ann}, "x=a.0.b" one within; several with spaces between
	sort string // names of lists whose order follows ids, with spaces between
	free string // names of fields that depend on how far something has come at that moment, with spaces between
	code string // the kept secret of which {code} is the present code of an authenticator app, and {next_code} the next one
	news int    // events to read of a stream
	ends string // whose display ends by it: how soon is not the same each time

	display func(p *player, person string) string // what somebody does with a display, in place of a call
}

// player plays steps and writes down what is answered.
type player struct {
	*testing.T
	server   *controlplane.Process
	db       *database
	messages *mailServer
	log      *requestLog
	mask     *mask
	table    *operations

	displays *displays
	watching sync.WaitGroup

	kept    map[string]string // what steps name
	cookies map[string]string // of people who have signed in
	number  int
	ends    string // the present step's
	answers strings.Builder
	counts  []counted
	played  map[string]outcome // by operation
	made    []made
	secrets []string        // that were sent and answered
	tokens  map[string]bool // of clients, that were used
}

// outcome says whether an operation was played with a good and a bad end.
type outcome struct{ good, bad bool }

func newPlayer(t *testing.T, server *controlplane.Process, db *database, messages *mailServer, log *requestLog) *player {
	b := server.Bootstrap
	p := &player{
		T: t, server: server, db: db, messages: messages, log: log, mask: newMask(b.Endpoint),
		displays: newDisplays(), kept: map[string]string{}, cookies: map[string]string{}, played: map[string]outcome{}, tokens: map[string]bool{}, secrets: []string{b.Password, b.SecretKey},
	}
	for name, value := range map[string]string{
		"project": b.ProjectID, "domain": b.DomainID, "image": b.ImageID, "subnet": b.SubnetID, "vpc": b.VPCID,
		"security_group": b.SecurityGroupID, "access_key": b.AccessKey,
	} {
		p.keep(name, value)
	}
	p.mask.call(none, "none")
	p.kept["password"], p.kept["product"], p.kept["endpoint"] = b.Password, b.ProductID, b.Endpoint
	p.table = readOperations(t, b.Endpoint)
	p.rest()
	return p
}

func (p *player) keep(name, value string) {
	p.kept[name] = value
	p.mask.call(value, name)
}

var placeholder = regexp.MustCompile(`\{[a-z][a-z0-9_]*\}`)

// fill replaces what a step names.
func (p *player) fill(s step, text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(name string) string {
		name = strings.Trim(name, "{}")
		if name == "code" && s.code != "" {
			return p.codeOf(p.kept[s.code], 0)
		}
		if name == "next_code" && s.code != "" {
			return p.codeOf(p.kept[s.code], 1)
		}
		value, there := p.kept[name]
		if !there {
			p.Fatalf("%s: no step has kept {%s}", s.call, name)
		}
		return value
	})
}

// spend makes tokens and ends them.
func (p *player) spend(tokens int) {
	p.Helper()
	for range tokens {
		made := p.send(p.request(step{call: "POST /v3/auth/tokens", as: "nobody", body: signIn}))
		_ = made.Body.Close()
		p.kept["token"] = made.Header.Get("X-Subject-Token")
		ended := p.send(p.request(step{call: "DELETE /v3/auth/tokens", head: "X-Subject-Token: {token}"}))
		_ = ended.Body.Close()
		if ended.StatusCode != http.StatusNoContent {
			p.Fatalf("ending a token: status %d", ended.StatusCode)
		}
		delete(p.kept, "token")
	}
}

// send makes a call. Who reads the answer closes it.
func (p *player) send(r *http.Request) *http.Response {
	p.Helper()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		p.Fatalf("%s %s: %v\n%s", r.Method, r.URL.Path, err, p.server.Log())
	}
	return answer
}

func (p *player) chapter(name string) { fmt.Fprintf(&p.answers, "# %s\n\n", name) }

// play makes a step's call and writes down the answer.
func (p *player) play(s step) {
	p.Helper()
	p.number++
	p.ends = s.ends
	if s.display != nil {
		fmt.Fprintf(&p.answers, "## %03d display: %s\n%s\n-> %s\n", p.number, s.why, s.as, s.display(p, s.as))
		p.settle()
		return
	}
	request := p.request(s)
	operation := p.table.of(request)
	title := fmt.Sprintf("%03d %s", p.number, operation.name)
	answer := p.send(request)
	text := p.read(s, answer)
	_ = answer.Body.Close() // which ends a stream
	p.note(operation.name, answer.StatusCode)
	if p.table.described != nil && operation.pattern != "" {
		faults := p.table.described.faults
		if request.Header.Get(dryRun) == "true" && answer.StatusCode == http.StatusOK {
			faults = p.table.described.faultsOfDryRun
		}
		for _, fault := range faults(operation.pattern, answer, text) {
			p.Errorf("%s: not as described: %s\n%d %s", title, fault, answer.StatusCode, text)
		}
	}
	p.noteMade(s, title, operation.name, request, answer.StatusCode, text)
	p.keepAll(s, title, answer, text)
	fmt.Fprintf(&p.answers, "## %s%s\n%s\n", title, prefixed(": ", s.why), p.asked(s))
	fmt.Fprintf(&p.answers, "-> %d%s\n%s", answer.StatusCode, p.headers(answer.Header), prefixed("", p.shown(s, answer, text)+"\n"))
	if !strings.Contains(request.URL.Path, "/portal/") { // whose requests have no line in the log
		p.counts = append(p.counts, counted{title, p.log.statements(p.T, request.Header.Get("X-Request-Id"))})
	}
	p.settle()
}

// settle waits for rest and writes down what has happened besides the answer.
func (p *player) settle() {
	p.Helper()
	p.rest()
	p.mails()
	for _, end := range p.displays.takeEnded() {
		fmt.Fprintf(&p.answers, "%s\n", end)
	}
	p.answers.WriteString("\n")
}

// asked is the call as the script has it.
func (p *player) asked(s step) string {
	text := p.mask.text(s.call, true)
	for _, part := range []string{prefixed("as ", s.as), s.head, prefixed("file ", s.file)} {
		text += prefixed(" | ", part)
	}
	return text + prefixed("\n", strings.TrimSpace(s.body))
}

func prefixed(prefix, text string) string {
	if strings.TrimSpace(text) == "" {
		return ""
	}
	return prefix + text
}

func (p *player) request(s step) *http.Request {
	p.Helper()
	method, path, _ := strings.Cut(s.call, " ")
	if !strings.HasPrefix(path, "/") {
		path = "/v2/{project}/" + path
	}
	body, kind := []byte(p.fill(s, s.body)), "application/json"
	if s.file != "" {
		body, kind = p.upload(s.file, body)
	}
	r, err := http.NewRequestWithContext(p.Context(), method, p.server.Bootstrap.Endpoint+p.fill(s, path), bytes.NewReader(body))
	if err != nil {
		p.Fatal(err)
	}
	if len(body) > 0 {
		r.Header.Set("Content-Type", kind)
	}
	if name, value, ok := strings.Cut(s.head, ": "); ok {
		r.Header.Set(name, p.fill(s, value))
	}
	r.Header.Set("X-Request-Id", "recording-"+strconv.Itoa(p.number))
	switch {
	case s.as == "nobody":
	case s.as == "key":
		p.sign(r, body)
	case s.as != "":
		r.AddCookie(&http.Cookie{Name: "carrel_sign_in", Value: p.cookies[s.as]})
	case p.kept["token"] != "":
		r.Header.Set("X-Auth-Token", p.kept["token"])
	}
	return r
}

func (p *player) upload(name string, content []byte) (body []byte, kind string) {
	var out bytes.Buffer
	form := multipart.NewWriter(&out)
	part, err := form.CreateFormFile("file", name)
	if err == nil {
		_, err = part.Write(content)
	}
	if err != nil || form.Close() != nil {
		p.Fatal("writing a form:", err)
	}
	return out.Bytes(), form.FormDataContentType()
}

// read reads an answer, or so many events of a stream, in the order of their texts since that of their kinds is not determined.
func (p *player) read(s step, answer *http.Response) []byte {
	p.Helper()
	if s.news == 0 || answer.StatusCode != http.StatusOK {
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			p.Fatalf("%s: %v", s.call, err)
		}
		return text
	}
	return readEvents(p.T, answer.Body, s.news)
}

// keepAll keeps what a step says of its answer. Cookies of sign-ins are kept by who calls.
func (p *player) keepAll(s step, title string, answer *http.Response, text []byte) {
	p.Helper()
	for _, cookie := range answer.Cookies() {
		if cookie.Name == "carrel_sign_in" && cookie.Value != "" {
			p.cookies[s.as] = cookie.Value
		}
	}
	for pair := range strings.FieldsSeq(s.keep) {
		name, path, _ := strings.Cut(pair, "=")
		value := answer.Header.Get(path)
		if value == "" {
			var object any
			if err := json.Unmarshal(text, &object); err == nil {
				value = at(object, path)
			}
		}
		if value == "" {
			p.Fatalf("%s: nothing at %q in the answer %d %s", title, path, answer.StatusCode, text)
		}
		p.keep(name, value)
	}
}

// at finds a text by its path: fields and positions with dots between.
func at(value any, path string) string {
	for name := range strings.SplitSeq(path, ".") {
		switch v := value.(type) {
		case map[string]any:
			value = v[name]
		case []any:
			if i, err := strconv.Atoi(name); err == nil && i < len(v) {
				value = v[i]
			}
		}
	}
	text, _ := value.(string)
	return text
}

// shown is an answer's body for readers.
func (p *player) shown(s step, answer *http.Response, text []byte) string {
	if strings.Contains(answer.Header.Get("Content-Type"), "spreadsheetml") {
		return p.mask.text(sheetOf(p.T, text), true)
	}
	return strings.TrimSpace(p.mask.body(text, strings.Fields(s.sort), strings.Fields(s.free)))
}

// headers are those that mean something to a client. A JSON answer's kind is not shown.
func (p *player) headers(h http.Header) string {
	var out strings.Builder
	for _, name := range []string{"Content-Type", "Content-Disposition", "X-Subject-Token", "Set-Cookie", "Retry-After", "Location", "Www-Authenticate"} {
		for _, value := range h.Values(name) {
			if name == "Content-Type" && strings.HasPrefix(value, "application/json") {
				continue
			}
			fmt.Fprintf(&out, " | %s: %s", name, expires.ReplaceAllString(p.mask.text(value, true), "Expires={time}"))
		}
	}
	return out.String()
}

// expires is a cookie's, in a form of its own.
var expires = regexp.MustCompile(`Expires=\w+, \d\d \w+ 20\d\d [\d:]+ GMT`)

// mails writes down the mails that a call caused, and keeps the link of an invitation.
func (p *player) mails() {
	for _, message := range p.messages.take() {
		if found := invitation.FindStringSubmatch(message); found != nil {
			p.kept["invitation"] = found[1]
		}
		fmt.Fprintf(&p.answers, "mail %s\n", p.mask.text(message, true))
	}
}

var invitation = regexp.MustCompile(`/first-password#(\w+)`)

// note remembers how an operation ended.
func (p *player) note(operation string, status int) {
	o := p.played[operation]
	if status < http.StatusBadRequest {
		o.good = true
	} else {
		o.bad = true
	}
	p.played[operation] = o
}

// noteMade remembers a call, for checkAudit.
func (p *player) noteMade(s step, title, operation string, r *http.Request, status int, text []byte) {
	c := made{title: title, operation: operation, requestID: r.Header.Get("X-Request-Id"), status: status, rehearsed: r.Header.Get(dryRun) == "true"}
	var refusal struct {
		Code string `json:"error_code"`
	}
	if status >= http.StatusBadRequest && json.Unmarshal(text, &refusal) == nil {
		c.code = refusal.Code
	}
	if token := r.Header.Get("X-Client-Token"); token != "" {
		c.repeated = p.tokens[token]
		p.tokens[token] = p.tokens[token] || status < http.StatusBadRequest
	}
	p.made = append(p.made, c)
	p.hide([]byte(p.fill(s, s.body)))
	p.hide(text)
}

// rest waits until nothing is left that the program would do by itself within the next minutes: no sub-job, mail or change of a pool
// is due, and each rebuild of a pool waits for people.
func (p *player) rest() {
	p.Helper()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	tooLate := patience(p.T)
	for {
		left := p.pending()
		if len(left) == 0 {
			return
		}
		select {
		case <-again.C:
		case <-tooLate:
			p.Fatalf("call %d: the program does not come to rest: %q\n%s", p.number, left, p.server.Log())
		}
	}
}

// soon is for how long the script waits for what is due at a time. What is due later is left as it is.
const soon = 10 * time.Second

// pending lists what is due soon.
func (p *player) pending() []string {
	p.Helper()
	var due []string
	for _, row := range readRows(p.T, p.db, `
		SELECT 'sub-job' AS what, type AS name, CASE WHEN lease_owner = '' THEN run_at ELSE created END AS at
			FROM sub_jobs WHERE state IN ('WAITING', 'RUNNING')
		UNION ALL SELECT 'mail', kind, created FROM mails
		UNION ALL SELECT 'pool', pool_id, at FROM pool_dues
		UNION ALL SELECT 'rebuild', r.pool_id, r.created FROM rollouts r WHERE r.ended IS NULL AND NOT EXISTS
			(SELECT 1 FROM rollout_items i WHERE i.job_id = r.job_id AND i.state = 'WARNED' AND NOT i.ready)`) {
		if at := parseTime(p.T, row["at"]); time.Until(at) < soon {
			due = append(due, row["what"]+" "+row["name"])
		}
	}
	if p.displays.has(p.ends) {
		due = append(due, "the display of "+p.ends)
	}
	if n := len(readColumn[string](p.T, p.db, "SELECT id FROM connections")); n != p.displays.count() {
		due = append(due, fmt.Sprintf("%d connections for %d displays", n, p.displays.count()))
	}
	return due
}

func parseTime(t *testing.T, text string) time.Time {
	t.Helper()
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999-07:00", "2006-01-02 15:04:05.999999999 -0700 MST"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at
		}
	}
	t.Fatalf("%q is no time", text)
	return time.Time{}
}

// patience ends a wait that would last for ever, and is no measure.
func patience(t *testing.T) <-chan time.Time {
	timer := time.NewTimer(5 * time.Minute)
	t.Cleanup(func() { timer.Stop() })
	return timer.C
}

// jobs writes down every job with its sub-jobs as the API shows them at the end.
func (p *player) jobs() {
	p.chapter("Jobs at the end")
	for _, job := range readRows(p.T, p.db, "SELECT id, type FROM jobs ORDER BY created, id") {
		s := step{call: "GET workspace-jobs/" + job["id"]}
		if job["type"] == "rebuildDesktopPool" { // whose order follows ids
			s.sort = "sub_jobs"
		}
		p.play(s)
	}
}

const noOwnImage = "no operation makes an image of a project's own"

// unplayed are operations that the script cannot have come to a good end, with the reason.
var unplayed = map[string]string{
	"POST /v5/agencies/assume": "agencies are created by carrel iam alone",
	"POST /portal/api/enter":   "its links are made by carrel up alone",
	"OpenDisplay":              "a display is no call: see displays",
	"DownloadMetadata":         "other directories are not supported",
	"DownloadSpMetadata":       "other directories are not supported",
	"UpdateCloudImage":         noOwnImage,
	"DeleteGlanceImage":        noOwnImage,
	"AddImageMembers":          noOwnImage,
	"UpdateImageMembers":       noOwnImage,
	"DeleteImageMembers":       noOwnImage,
}

// checkCoverage fails for each operation of which no call was played, or no refused one where it changes something.
func (p *player) checkCoverage() {
	p.Helper()
	var missing []string
	for _, o := range p.table.all() {
		played := p.played[o.name]
		if !played.good && unplayed[o.name] == "" {
			missing = append(missing, o.name+" (good)")
		}
		if !played.bad && o.writes {
			missing = append(missing, o.name+" (bad)")
		}
	}
	slices.Sort(missing)
	if len(missing) > 0 {
		p.Errorf("the script has no call of %d operations: %s", len(missing), strings.Join(missing, ", "))
	}
}
