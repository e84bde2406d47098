// Package rehearsal writes the responses to dry runs: requests that were carried out in a transaction and undone.
package rehearsal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"carrel/internal/workspace"
)

// DryRun is what the response to a dry run has in addition to what it would have been.
type DryRun struct {
	DryRun   bool            `json:"dry_run" doc:"Always true"`
	Desktops []DryRunDesktop `json:"desktops" doc:"What jobs would do, desktop by desktop, in the order of the sub-jobs"`
	Changes  []DryRunChange  `json:"changes" doc:"The resources that would change at once, as the audit trail would have them"`
}

// DryRunDesktop is what a sub-job would do.
type DryRunDesktop struct {
	DesktopID   string `json:"desktop_id,omitempty" doc:"Absent for a desktop that would be created"`
	DesktopName string `json:"desktop_name"`
	IPAddress   string `json:"ip_address,omitempty"`
	UserName    string `json:"user_name,omitempty" doc:"The first of its users"`
	JobType     string `json:"job_type" doc:"The type of the sub-job"`
	ErrorCode   string `json:"error_code,omitempty" doc:"Why the desktop would be refused"`
	ErrorMsg    string `json:"error_msg,omitempty"`
}

// DryRunChange is a resource that would change.
type DryRunChange struct {
	ResourceType string        `json:"resource_type"`
	ResourceID   string        `json:"resource_id,omitempty" doc:"Absent for a resource that would be created"`
	ResourceName string        `json:"resource_name,omitempty"`
	Changes      []DryRunField `json:"changes" doc:"The fields, without secrets; long values are shortened"`
}

// DryRunField is a field before and after a change.
type DryRunField struct {
	Field string `json:"field"`
	Old   string `json:"old,omitempty"`
	New   string `json:"new,omitempty"`
}

// secrets are the fields of responses with something that would be new, and that nothing has: passwords, and the secrets of keys.
var secrets = map[string]bool{
	"password": true, "secret": true, "secret_access_key": true, "security_token": true, "securitytoken": true, "base32_string_seed": true,
}

// Response returns the response to a request that was rehearsed, from the one that it would have had and a.Rehearsal. Ids and secrets that would
// be new are left out. It fails if the body is no JSON object.
func Response(a workspace.Answer) (workspace.Answer, error) {
	out := map[string]any{}
	if a.Body != "" {
		numbers := json.NewDecoder(strings.NewReader(a.Body))
		numbers.UseNumber()
		if err := numbers.Decode(&out); err != nil {
			return a, fmt.Errorf("reading the response to a dry run: %w", err)
		}
	}
	made := a.Rehearsal.Made
	for name, value := range out {
		if value, kept := without(made, value); kept && !secrets[name] {
			out[name] = value
		} else {
			delete(out, name)
		}
	}
	out["dry_run"] = true
	out["desktops"] = desktopsOf(a.Rehearsal)
	out["changes"] = changesOf(a.Rehearsal)
	var text bytes.Buffer
	if err := json.NewEncoder(&text).Encode(out); err != nil {
		return a, fmt.Errorf("writing the response to a dry run: %w", err)
	}
	return workspace.Answer{Status: http.StatusOK, Kind: "application/json", Body: text.String()}, nil
}

// desktopsOf returns what sub-jobs would do.
func desktopsOf(r *workspace.Rehearsal) []DryRunDesktop {
	desktops := []DryRunDesktop{}
	for _, s := range r.SubJobs {
		if s.DesktopID == "" {
			continue
		}
		d := DryRunDesktop{DesktopName: s.DesktopName, IPAddress: s.Address, UserName: s.UserName, JobType: string(s.Type), ErrorCode: string(s.Code)}
		if !r.Made[s.DesktopID] {
			d.DesktopID = s.DesktopID
		}
		if s.Code != "" {
			d.ErrorMsg = s.Reason
		}
		desktops = append(desktops, d)
	}
	return desktops
}

// without returns a value of JSON without the texts that hold an id in made; false if it is one.
func without(made map[string]bool, value any) (any, bool) {
	switch v := value.(type) {
	case string:
		return v, !names(made, v)
	case map[string]any:
		for name, field := range v {
			if field, kept := without(made, field); kept && !secrets[name] {
				v[name] = field
			} else {
				delete(v, name)
			}
		}
	case []any:
		kept := []any{}
		for _, item := range v {
			if item, is := without(made, item); is {
				kept = append(kept, item)
			}
		}
		return kept, true
	}
	return value, true
}

// changesOf returns the resources that would change, without those that only a job changes.
func changesOf(r *workspace.Rehearsal) []DryRunChange {
	changes := []DryRunChange{}
	for _, record := range r.Records {
		if record.ResourceID == "" || len(record.Changes) == 0 && record.JobID != "" {
			continue
		}
		c := DryRunChange{ResourceType: string(record.ResourceType), ResourceID: record.ResourceID, ResourceName: record.ResourceName, Changes: []DryRunField{}}
		if r.Made[c.ResourceID] {
			c.ResourceID = ""
		}
		for _, f := range record.Changes {
			if !names(r.Made, f.New) {
				f.New = withoutNewIDs(f.Old, f.New)
				c.Changes = append(c.Changes, DryRunField(f))
			}
		}
		changes = append(changes, c)
	}
	return changes
}

// partID is the id of a part that a row has within a column, such as a disk of a pool.
var partID = regexp.MustCompile(`"ID":"([^"]+)",?`)

// withoutNewIDs returns a column as it would be, without the ids of parts that it does not have now.
func withoutNewIDs(old, value string) string {
	return partID.ReplaceAllStringFunc(value, func(part string) string {
		if strings.Contains(old, strings.TrimSuffix(part, ",")) {
			return part
		}
		return ""
	})
}

// names reports whether a value is, or holds, one of the ids.
func names(ids map[string]bool, value string) bool {
	for id := range ids {
		if id != "" && strings.Contains(value, id) {
			return true
		}
	}
	return false
}
