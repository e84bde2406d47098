package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// sample is an example of a call, as other tools that read OpenAPI know it (x-codeSamples).
type sample struct {
	Language string `json:"lang"`
	Label    string `json:"label"`
	Source   string `json:"source"`
	Setup    string `json:"setup,omitempty"` // what comes before it, by its name in x-setups
}

// samplesOf returns the examples of an operation: one for curl, one for Go if the SDK has the operation, and one for each block of Terraform
// that calls it.
func samplesOf(op *huma.Operation, about documentation) []sample {
	all := []sample{}
	if op.Responses["101"] == nil {
		setup := "curl"
		if strings.HasPrefix(op.Path, "/portal/") {
			setup = "curl-portal"
		}
		all = append(all, sample{"Shell", "curl", curlOf(op), setup})
	}
	if g, is := goSamples[op.OperationID]; is {
		all = append(all, sample{"Go", "Go", g.source, "go-" + g.client})
	}
	for _, block := range about.terraform {
		all = append(all, sample{"HCL", "Terraform", block, "terraform"})
	}
	return all
}

// goSample is a call with a client of the official SDK.
type goSample struct{ client, source string }

// curlOf returns a call with curl. What only the reader knows are variables of the shell.
func curlOf(op *huma.Operation) string {
	var b strings.Builder
	path := op.Path
	var options []string
	if !strings.HasPrefix(path, "/portal/") && len(op.Security) > 0 {
		options = append(options, `-H "X-Auth-Token: $TOKEN"`)
	}
	if strings.HasPrefix(path, "/portal/") {
		options = append(options, "-b carrel.cookies")
	}
	if len(op.Security) > 0 && op.Security[0]["link"] != nil {
		options[0] = `-H "Authorization: Bearer $TOKEN"` // of a mailed link
	}
	for _, p := range op.Parameters {
		value := fmt.Sprint(p.Example)
		switch {
		case p.In == "path":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", value)
		case p.In == "query" && p.Required:
			options = append(options, fmt.Sprintf(`--url-query "%s=%s"`, p.Name, value))
		case p.In == "header" && (p.Required || p.Name == projectHeader):
			options = append(options, fmt.Sprintf(`-H "%s: %s"`, p.Name, value))
		}
	}
	switch op.Method {
	case http.MethodGet:
	case http.MethodHead:
		options = append(options, "--head")
	default:
		options = append(options, "-X "+op.Method)
	}
	body := ""
	if op.RequestBody != nil {
		if content := op.RequestBody.Content["application/json"]; content != nil {
			options = append(options, "--json @- <<END")
			body = "\n" + indented(content.Example) + "\nEND"
		} else {
			options = append(options, `-F "file=@users.csv"`)
		}
	}
	for _, status := range []string{"200", "201", "202"} {
		if r := op.Responses[status]; r != nil && len(r.Content) > 0 && r.Content["application/json"] == nil && r.Content["text/event-stream"] == nil {
			options = append(options, "-OJ")
		} else if r != nil && r.Content["text/event-stream"] != nil {
			options = append(options, "--no-buffer")
		}
	}
	fmt.Fprintf(&b, `curl "$CARREL%s"`, path)
	for _, option := range options {
		b.WriteString(" \\\n  " + option)
	}
	b.WriteString(body)
	return b.String()
}

// indented is an example as people write JSON.
func indented(example any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	_ = e.Encode(example) // examples are JSON
	return strings.TrimSpace(b.String())
}

// setups is what comes before examples, by name.
func setups() map[string]string {
	all := map[string]string{
		"curl": `CARREL=https://carrel.example  # the address of this server
ACCOUNT=carrel USER_NAME=admin
PROJECT_ID=                    # GET /v3/auth/projects lists the projects that you may use
read -rsp "Password: " PASSWORD
TOKEN=$(curl -sS -D- -o /dev/null "$CARREL/v3/auth/tokens" --json @- <<END | tr -d '\r' | sed -n 's/^X-Subject-Token: //Ip'
{"auth": {"identity": {"methods": ["password"], "password": {"user": {
  "name": "$USER_NAME", "password": "$PASSWORD", "domain": {"name": "$ACCOUNT"}}}}}}
END
)`,
		"curl-portal": `CARREL=https://carrel.example  # the address of this server
read -rp "User name: " USER_NAME
read -rsp "Password: " PASSWORD
curl "$CARREL/portal/api/sign-in" -c carrel.cookies --json @- <<END
{"user_name": "$USER_NAME", "password": "$PASSWORD"}
END`,
		"terraform": `terraform {
  required_providers {
    huaweicloud = { source = "huaweicloud/huaweicloud" }
  }
}

provider "huaweicloud" {
  region     = "carrel"  # as GET /v3/regions lists it
  access_key = var.access_key
  secret_key = var.secret_key

  endpoints = {
    iam       = "https://carrel.example/"
    workspace = "https://carrel.example/"
  }
}`,
	}
	for client, setup := range goSetups {
		all["go-"+client] = setup
	}
	return all
}
