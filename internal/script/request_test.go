package script_test

import (
	"fmt"
	"strings"
	"testing"

	"carrel/internal/desktop"
	"carrel/internal/script"
	"carrel/internal/workspace"
)

func TestScriptCheck(t *testing.T) {
	good := script.Script{Meta: workspace.Meta{Name: "Update all"}, Type: script.Shell, Content: "exit 0"}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for why, change := range map[string]func(*script.Script){
		"name: use 1 to 64 characters":             func(s *script.Script) { s.Name = strings.Repeat("x", 65) },
		"name: use 1 to":                           func(s *script.Script) { s.Name = "" },
		"name: use 1":                              func(s *script.Script) { s.Name = "a\nb" },
		`type: "BAT" needs Windows`:                func(s *script.Script) { s.Type = "BAT" },
		"description: 256 characters, at most 255": func(s *script.Script) { s.Description = strings.Repeat("ä", 256) },
		"version: 65 characters, at most 64":       func(s *script.Script) { s.Version = strings.Repeat("1", 65) },
		"content: 0 bytes, use 1 to 65536":         func(s *script.Script) { s.Content = "" },
		"content: 65538 bytes, use 1 to 65536":     func(s *script.Script) { s.Content = strings.Repeat("ä", 32<<10+1) },
	} {
		s := good
		change(&s)
		if err := s.Check(); !strings.HasPrefix(workspace.MessageOf(err), why) {
			t.Errorf("got %v, want %q", err, why)
		}
	}
}

func TestExecuteCheck(t *testing.T) {
	many := func(n int) (ids []string) {
		for i := range n {
			ids = append(ids, fmt.Sprint(i))
		}
		return ids
	}
	good := script.Execute{Noun: "desktop", IDs: []string{"d"}, ScriptIDs: []string{"s"}}
	for name, change := range map[string]func(*script.Execute){
		"AsItIs":            func(*script.Execute) {},
		"ACommand":          func(r *script.Execute) { r.ScriptIDs, r.Command = nil, "true" },
		"AWholePool":        func(r *script.Execute) { r.PoolID, r.IDs = "p", nil },
		"ATag":              func(r *script.Execute) { r.Tags, r.IDs = tagged("a"), nil },
		"AsLongAsCanBe":     func(r *script.Execute) { r.Minutes = 600 },
		"AsManyAsCanBe":     func(r *script.Execute) { r.IDs, r.ScriptIDs = many(500), many(10) },
		"RebootingAtTheEnd": func(r *script.Execute) { r.Finish = script.Reboot },
	} {
		t.Run(name, func(t *testing.T) {
			r := good
			change(&r)
			if err := r.Check(); err != nil {
				t.Error(err)
			}
		})
	}
	for why, change := range map[string]func(*script.Execute){
		"script_ids: give scripts, or a command":        func(r *script.Execute) { r.ScriptIDs = nil },
		"script_ids: give scripts, or a command, and":   func(r *script.Execute) { r.Command = "true" },
		"script_ids: 11 ids, give 1 to 10":              func(r *script.Execute) { r.ScriptIDs = many(11) },
		"script_ids[1]: s is listed twice":              func(r *script.Execute) { r.ScriptIDs = []string{"s", "s"} },
		"command_content: 65537 bytes, use 1 to 65536":  func(r *script.Execute) { r.ScriptIDs, r.Command = nil, strings.Repeat("x", 65537) },
		"command: 65537 bytes":                          func(r *script.Execute) { r.Noun, r.ScriptIDs, r.Command = "resource", nil, strings.Repeat("x", 65537) },
		"desktop_ids: 0 ids, give 1 to 500":             func(r *script.Execute) { r.IDs = nil },
		"resource_ids: 501 ids, give 1 to 500":          func(r *script.Execute) { r.Noun, r.IDs = "resource", many(501) },
		"gray_desktop_ids[0]: must be an id":            func(r *script.Execute) { r.FirstIDs = []string{""} },
		"execution_timeout: 601 is out of range, use 1": func(r *script.Execute) { r.Minutes = 601 },
		"execution_timeout: -1 is out of range":         func(r *script.Execute) { r.Minutes = -1 },
		"gray_count: -1 is out of range":                func(r *script.Execute) { r.FirstCount = -1 },
		"gray_fail_threshold: needs gray_count or":      func(r *script.Execute) { r.Threshold = 1 },
		`post_finish: "dance" is unknown, use stop or`:  func(r *script.Execute) { r.Finish = "dance" },
	} {
		r := good
		change(&r)
		if err := r.Check(); !strings.HasPrefix(workspace.MessageOf(err), why) {
			t.Errorf("got %v, want %q", err, why)
		}
	}
}

func tagged(key string) desktop.TagQuery {
	return desktop.TagQuery{All: []desktop.TagCondition{{Key: key}}}
}
