package iam_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"carrel/internal/iam"
	"carrel/internal/store/storetest"
)

func TestBootstrapMakesOneAccount(t *testing.T) {
	t.Run("and gives the same credentials to whoever asks again", func(t *testing.T) {
		inEnv(t, func(e *env) {
			again, err := e.iam.Bootstrap(e.Context(), iam.First{Region: "other", Account: "x", User: "y", Password: "Zz1-zzzzzz"})
			if err != nil || again != e.first {
				t.Errorf("got %+v, %v, want %+v", again, err, e.first)
			}
			if e.first.ProjectName != region || len(e.first.ProjectID) != 32 || e.first.Password == "" || e.first.SecretKey == "" {
				t.Errorf("credentials are not usable: %+v", e.first)
			}
			e.token(nil)
			e.wants(e.do(signed(e.firstKey(), "GET", "/v3/auth/domains", "")), http.StatusOK)
		})
	})
	t.Run("when several processes start at once", func(t *testing.T) {
		path := storetest.SQLitePath(t)
		const processes = 4
		got := make(chan iam.Credentials, processes)
		for range processes {
			s := newService(t, storetest.Open(t, path, nil))
			go func() {
				c, err := s.Bootstrap(t.Context(), firstAccount)
				if err != nil {
					t.Error(err)
				}
				got <- c
			}()
		}
		first := <-got
		for range processes - 1 {
			if other := <-got; other != first {
				t.Errorf("one got %+v, another %+v", first, other)
			}
		}
	})
}

func TestARequestIsRefused(t *testing.T) {
	cases := map[string]struct {
		spoil   func(e *env, r *http.Request)
		code    string
		message string
	}{
		"without credentials": {
			func(_ *env, r *http.Request) { r.Header = http.Header{} }, "APIGW.0301", "x-auth-token not found",
		},
		"with a token that nobody gave out": {
			func(_ *env, r *http.Request) { r.Header = http.Header{"X-Auth-Token": {"abc"}} }, "APIGW.0301", "decrypt token fail",
		},
		"when the signature is off by one digit": {
			func(_ *env, r *http.Request) {
				auth := r.Header.Get("Authorization")
				last := map[bool]string{true: "1", false: "0"}[strings.HasSuffix(auth, "0")]
				r.Header.Set("Authorization", auth[:len(auth)-1]+last)
			}, "APIGW.0301", "verify aksk signature fail",
		},
		"with an unknown access key": {
			func(e *env, r *http.Request) {
				r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), e.first.AccessKey, "NOBODYSKEY", 1))
			}, "APIGW.0301", "Get secretKey failed,ak:NOBODYSKEY,err:ak not exist",
		},
		"when the body was changed": {
			func(_ *env, r *http.Request) {
				r.Body = io.NopCloser(strings.NewReader(`{"credential":{"description":"b"}}`))
			},
			"APIGW.0301", "verify aksk signature fail",
		},
		"when a slash became part of a segment": {func(_ *env, r *http.Request) {
			r.URL.Path, r.URL.RawPath = "/v3.0/OS-CREDENTIAL/credentials", "/v3.0/OS-CREDENTIAL%2Fcredentials"
		}, "APIGW.0301", "verify aksk"},
		"when the path was changed":  {func(_ *env, r *http.Request) { r.URL.Path += "/x" }, "APIGW.0301", "verify aksk"},
		"when the query was changed": {func(_ *env, r *http.Request) { r.URL.RawQuery = "a=b" }, "APIGW.0301", "verify aksk"},
		"when the query cannot be read": {
			func(_ *env, r *http.Request) { r.URL.RawQuery = "a=%zz" }, "APIGW.0301", "verify aksk",
		},
		"when a body hash is claimed that is not the body's": {
			func(_ *env, r *http.Request) { r.Header.Set("X-Sdk-Content-Sha256", sha("other")) }, "APIGW.0301", "verify aksk",
		},
		"when it claims afterwards that the body is unsigned": {
			func(_ *env, r *http.Request) { r.Header.Set("X-Sdk-Content-Sha256", "UNSIGNED-PAYLOAD") }, "APIGW.0301", "verify aksk",
		},
		"16 minutes late": {
			func(*env, *http.Request) { pass(16 * time.Minute) }, "APIGW.0303", "the signing time",
		},
		"without a date":  {func(_ *env, r *http.Request) { r.Header.Del("X-Sdk-Date") }, "APIGW.0301", "X-Sdk-Date must be there once"},
		"with two dates":  {func(_ *env, r *http.Request) { r.Header.Add("X-Sdk-Date", "20240102T030405Z") }, "APIGW.0301", "once"},
		"with a bad date": {func(_ *env, r *http.Request) { r.Header.Set("X-Sdk-Date", "yesterday") }, "APIGW.0301", "YYYYMMDDTHHMMSSZ"},
		"with another algorithm": {
			func(_ *env, r *http.Request) { r.Header.Set("Authorization", "SDK-HMAC-SM3 Access=a") }, "APIGW.0301", "sign with SDK-HMAC-SHA256",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inEnv(t, func(e *env) {
				r := signed(e.firstKey(), "POST", "/v3.0/OS-CREDENTIAL/credentials", `{"credential":{"description":"a"}}`)
				c.spoil(e, r)
				p, err := e.iam.Authenticate(r)
				if err == nil {
					t.Fatalf("let in as %+v", p)
				}
				rec := httptest.NewRecorder()
				rec.Header().Set(iam.RequestIDHeader, "request-1")
				e.iam.Require(http.NotFoundHandler()).ServeHTTP(rec, r)
				a := answer{status: rec.Code}
				if err := json.Unmarshal(rec.Body.Bytes(), &a.body); err != nil {
					t.Fatal(err)
				}
				e.refused(a, http.StatusUnauthorized, c.code, c.message)
			})
		})
	}
	t.Run("with a signed body over 12 MB", func(t *testing.T) {
		inEnv(t, func(e *env) {
			r := signed(e.firstKey(), "POST", "/v3.0/OS-CREDENTIAL/credentials", strings.Repeat(" ", iam.MaxSignedBody+1))
			e.refused(e.do(r), http.StatusRequestEntityTooLarge, "APIGW.0308", "12 MB")
		})
	})
}

func TestTheDirectoryAnswersWhatClientsLookUp(t *testing.T) {
	inEnv(t, func(e *env) {
		token, c := e.token(nil), e.first
		cases := map[string]struct {
			target string
			path   []any
			want   any
		}{
			"a region's name finds its one project":       {"/v3/projects?name=" + region, []any{"projects", 0, "id"}, c.ProjectID},
			"an unknown name finds an empty list":         {"/v3/projects?name=other", []any{"projects"}, []any{}},
			"a page past the end is empty":                {"/v3/projects?page=2&per_page=10", []any{"projects"}, []any{}},
			"disabled projects are none":                  {"/v3/projects?enabled=false", []any{"projects"}, []any{}},
			"the caller's projects":                       {"/v3/auth/projects", []any{"projects", 0, "name"}, region},
			"a project by id":                             {"/v3/projects/" + c.ProjectID, []any{"project", "domain_id"}, c.DomainID},
			"the caller's domain":                         {"/v3/auth/domains", []any{"domains", 0, "id"}, c.DomainID},
			"users by name":                               {"/v3/users?name=" + c.UserName, []any{"users", 0, "id"}, c.UserID},
			"users by a name that nobody has":             {"/v3/users?name=nobody", []any{"users"}, []any{}},
			"a user by id":                                {"/v3/users/" + c.UserID, []any{"user", "name"}, c.UserName},
			"the regions":                                 {"/v3/regions", []any{"regions", 0, "id"}, region},
			"the catalogue, of an account":                {"/v3/auth/catalog", []any{"catalog", 0, "endpoints", 0, "url"}, "http://carrel.test/v3"},
			"who the caller is":                           {"/v5/caller-identity", []any{"account_id"}, c.DomainID},
			"a project that does not exist":               {"/v3/projects/nothing", []any{"error_code"}, "IAM.0004"},
			"a user who does not exist":                   {"/v3/users/nobody", []any{"error_code"}, "IAM.0004"},
			"a page that is not a number is refused":      {"/v3/projects?page=x", []any{"error_msg"}, `page: "x" is out of range, use 1 to 5000`},
			"a list of keys of a user who does not exist": {"/v3.0/OS-CREDENTIAL/credentials?user_id=x", []any{"error_code"}, "IAM.0004"},
		}
		for name, c := range cases {
			a := e.do(get(c.target, token))
			got, _ := json.Marshal(a.at(c.path...))
			want, _ := json.Marshal(c.want)
			if !bytes.Equal(got, want) {
				t.Errorf("%s: %s is %s, want %s", name, c.target, got, want)
			}
		}
	})
}

func TestBadBodiesAreRefusedWithTheField(t *testing.T) {
	inEnv(t, func(e *env) {
		for body, message := range map[string]string{
			``:                                    "body: is not the JSON",
			`{"auth":`:                            "body: is not the JSON",
			`[]`:                                  "must not be a array",
			`{"auth":{"identity":{"methods":5}}}`: "auth.identity.methods: must not be a number",
			`{"auth":{"identity":{"methods":["totp"]}}}`:                                                                 `auth.identity.methods: "totp"`,
			`{"auth":{"identity":{"methods":["password"]}}}`:                                                             "auth.identity.password.user.name: must be given",
			`{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"a","password":"b"}}}}}`:             "user.domain: must be given",
			`{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"a","domain":{"name":"carrel"}}}}}}`: "user.password: must be given",
			`{"auth":{"identity":{"methods":["token"]}}}`:                                                                "auth.identity.token.id: must be given",
		} {
			a := e.do(httptest.NewRequest("POST", "http://carrel.test/v3/auth/tokens", strings.NewReader(body)))
			e.refused(a, http.StatusBadRequest, "IAM.0001", message)
		}
		a := e.do(httptest.NewRequest("POST", "http://carrel.test/v3/auth/tokens", strings.NewReader(strings.Repeat(" ", 1<<20+1))))
		e.refused(a, http.StatusRequestEntityTooLarge, "APIGW.0308", "1 MB")
	})
}

func TestEveryRouteButTheDoorsAsksForCredentials(t *testing.T) {
	inEnv(t, func(e *env) {
		open := []string{"POST /v3/auth/tokens", "POST /v3.0/OS-CREDENTIAL/securitytokens"}
		for _, route := range iam.Routes() {
			method, path, _ := strings.Cut(route.Pattern, " ")
			if slices.Contains(open, route.Pattern) {
				continue
			}
			target := strings.NewReplacer("{", "", "}", "").Replace(path)
			if _, err := url.Parse(target); err != nil {
				t.Fatal(err)
			}
			a := e.do(httptest.NewRequest(method, "http://carrel.test"+target, nil))
			if a.status != http.StatusUnauthorized {
				t.Errorf("%s answered %d to an unknown caller", route.Pattern, a.status)
			}
		}
	})
}
