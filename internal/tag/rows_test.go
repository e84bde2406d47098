package tag_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/desktop/desktoptest"
	"carrel/internal/store"
	"carrel/internal/store/storetest"
	"carrel/internal/tag"
	"carrel/internal/workspace"
)

// env is the fixture of the room's rows.
type env struct {
	*desktoptest.Env
	service *tag.Service
}

var caller = workspace.Caller{ProjectID: storetest.Project}

// parse reads tags of the form "team=a floor=1".
func parse(text string) (tags []workspace.Tag) {
	for pair := range strings.FieldsSeq(text) {
		key, value, _ := strings.Cut(pair, "=")
		tags = append(tags, workspace.Tag{Key: key, Value: value})
	}
	return tags
}

func format(tags []workspace.Tag) string {
	return strings.Join(storetest.IDs(tags, func(t workspace.Tag) string { return t.Key + "=" + t.Value }), " ")
}

// add adds a desktop with an id and tags, later than those before.
func (e *env) add(id, tags string, changes ...func(*desktop.Desktop)) {
	e.Helper()
	e.Clock.Advance(time.Second)
	e.AddDesktop("pc-"+id, append(changes, func(d *desktop.Desktop) { d.ID, d.Tags = id, parse(tags) })...)
}

// of returns the tags of a desktop.
func (e *env) of(id string) string {
	e.Helper()
	tags, err := e.service.Of(e.Context(), storetest.Project, id)
	if err != nil {
		e.Error(err)
	}
	return format(tags)
}

// must checks that a change succeeds.
func (e *env) must(err error) {
	e.Helper()
	if err != nil {
		e.Error(err)
	}
}

// refused checks the code and the beginning of the message of an error.
func (e *env) refused(err error, code workspace.Code, message string) {
	e.Helper()
	if workspace.CodeOf(err) != code || !strings.HasPrefix(workspace.MessageOf(err), message) {
		e.Errorf("got %v, want %s: %s", err, code, message)
	}
}

func change(id, tags string) tag.Change { return tag.Change{DesktopID: id, Tags: parse(tags)} }

// numbered returns n tags.
func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "key-%02d=v ", i)
	}
	return b.String()
}

var changes = map[string]func(*env){
	"a tag that is added goes last, and one with a key that is there replaces it in its place": func(e *env) {
		e.add("1", "team=a floor=1")
		e.must(e.service.AddOne(e.Context(), caller, "1", workspace.Tag{Key: "room"}))
		e.must(e.service.AddOne(e.Context(), caller, "1", workspace.Tag{Key: "team", Value: "b"}))
		e.Same(e.of("1"), "team=b floor=1 room=")
		e.must(e.service.Change(e.Context(), caller, tag.Add, change("1", "floor=2 Team=c")))
		e.Same(e.of("1"), "team=b floor=2 room= Team=c")
	},
	"a tag is deleted by its key, and with a value only if it has that": func(e *env) {
		e.add("1", "team=a floor=1 room=7")
		e.must(e.service.Change(e.Context(), caller, tag.Delete, change("1", "team=b floor=1 missing")))
		e.Same(e.of("1"), "team=a room=7")
		for range 2 {
			e.must(e.service.DeleteOne(e.Context(), caller, "1", "team"))
			e.Same(e.of("1"), "room=7")
		}
	},
	"several desktops are changed at once, and those that do not exist are ignored": func(e *env) {
		e.add("1", "team=a")
		e.add("2", "")
		e.AddDesktop("elsewhere", func(d *desktop.Desktop) {
			d.ID, d.ProjectID, d.SubnetID = "3", storetest.OtherProject, desktoptest.SubnetOf(storetest.OtherProject)
		})
		e.must(e.service.ChangeEach(e.Context(), caller, tag.Add, []tag.Change{change("2", "team=b x=y"), change("3", "team=b"), change("4", "team=b"), change("1", "x=z")}))
		e.Same([]string{e.of("1"), e.of("2")}, []string{"team=a x=z", "team=b x=y"})
		e.must(e.service.ChangeEach(e.Context(), caller, tag.Delete, []tag.Change{change("1", "team"), change("2", "team=a x=y"), change("3", "team")}))
		e.Same([]string{e.of("1"), e.of("2")}, []string{"x=z", "team=b"})
		tags, err := e.service.Of(e.Context(), storetest.OtherProject, "3")
		e.must(err)
		e.Same(len(tags), 0)
	},
	"what cannot be is refused, and changes nothing": func(e *env) {
		ctx := e.Context()
		e.add("1", numbered(19))
		e.add("2", "")
		before := e.of("1")
		e.refused(e.service.AddOne(ctx, caller, "1", workspace.Tag{Key: "a/b"}), workspace.CodeInvalid, "tag.key: must not contain any of")
		e.refused(e.service.AddOne(ctx, caller, "x", workspace.Tag{Key: "a"}), workspace.CodeDesktopNotFound, "The resource does not exist or is a resource of another project. DesktopId is not exist.")
		e.refused(e.service.DeleteOne(ctx, caller, "x", "a"), workspace.CodeDesktopNotFound, "The resource does not exist or is a resource of another project. DesktopId is not exist.")
		e.refused(e.service.Change(ctx, caller, tag.Add, change("1", "a b")), workspace.CodeInvalid, "tags: desktop pc-1 would have 21 tags, at most 20 are allowed")
		e.refused(e.service.ChangeEach(ctx, caller, tag.Add, nil), workspace.CodeInvalid, "desktops: 0 ids, give 1 to 100")
		e.refused(e.service.ChangeEach(ctx, caller, tag.Add, []tag.Change{change("2", "a"), change("2", "b")}), workspace.CodeInvalid, "desktops[1]: 2 is listed twice")
		e.refused(e.service.ChangeEach(ctx, caller, tag.Add, []tag.Change{change("2", "a"), change("1", "b b")}), workspace.CodeInvalid, `desktops[1].tags[1].key: "b" is listed twice`)
		e.refused(e.service.ChangeEach(ctx, caller, tag.Add, []tag.Change{change("2", "a"), change("1", "a b")}), workspace.CodeInvalid, "desktops[1].tags: desktop pc-1 would have 21")
		_, err := e.service.Of(ctx, storetest.OtherProject, "1")
		e.refused(err, workspace.CodeDesktopNotFound, "The resource does not exist or is a resource of another project. DesktopId is not exist.")
		e.Same([]string{e.of("1"), e.of("2")}, []string{before, ""})
	},
	"callers at once lose none of each other's tags, and exceed no limit": func(e *env) {
		e.add("1", "")
		e.add("2", numbered(12))
		e.All(storetest.Together(workspace.MaxTags, func(i int) error {
			return e.service.AddOne(e.Context(), caller, "1", workspace.Tag{Key: fmt.Sprint("by-", i)})
		}))
		e.Same(len(strings.Fields(e.of("1"))), workspace.MaxTags)
		errs := storetest.Together(workspace.MaxTags, func(i int) error {
			return e.service.AddOne(e.Context(), caller, "2", workspace.Tag{Key: fmt.Sprint("by-", i)})
		})
		e.Same(len(strings.Fields(e.of("2"))), workspace.MaxTags)
		e.Same(len(slices.DeleteFunc(errs, func(err error) bool { return err == nil })), 12)
	},
	"a change of a desktop that is under way keeps the tags that it finds": func(e *env) {
		e.add("1", "team=a")
		e.Same(len(storetest.Together(20, func(i int) error {
			if i%2 == 0 {
				return e.service.AddOne(e.Context(), caller, "1", workspace.Tag{Key: fmt.Sprint("by-", i)})
			}
			return e.Store.Update(e.Context(), func(tx *store.Tx) error {
				locked, err := desktop.LockDesktops(e.Context(), tx, storetest.Project, []string{"1"})
				if err != nil {
					return err
				}
				locked[0].Fault = fmt.Sprint("fault ", i)
				return desktop.SaveDesktop(e.Context(), tx, locked[0])
			})
		})), 20)
		e.Same(len(strings.Fields(e.of("1"))), 11)
	},
}

var lists = map[string]func(*env){
	"desktops are found by what tags they have and lack": func(e *env) {
		e.add("1", "team=a floor=1")
		e.add("2", "team=a floor=2")
		e.add("3", "team=b")
		e.add("4", "")
		e.AddDesktop("elsewhere", func(d *desktop.Desktop) {
			d.ID, d.ProjectID, d.SubnetID, d.Tags = "5", storetest.OtherProject, desktoptest.SubnetOf(storetest.OtherProject), parse("team=a")
		})
		has := func(key string, values ...string) desktop.TagCondition {
			return desktop.TagCondition{Key: key, Values: values}
		}
		type conditions = []desktop.TagCondition
		for _, c := range []struct {
			query desktop.TagQuery
			want  string
		}{
			{desktop.TagQuery{}, "1 2 3 4"},
			{desktop.TagQuery{All: conditions{has("team")}}, "1 2 3"},
			{desktop.TagQuery{All: conditions{has("team", "a")}}, "1 2"},
			{desktop.TagQuery{All: conditions{has("team", "a", "b")}}, "1 2 3"},
			{desktop.TagQuery{All: conditions{has("team", "a"), has("floor", "1")}}, "1"},
			{desktop.TagQuery{All: conditions{has("team", "A")}}, ""},
			{desktop.TagQuery{Any: conditions{has("team", "b"), has("floor", "1")}}, "1 3"},
			{desktop.TagQuery{Any: conditions{has("floor")}}, "1 2"},
			{desktop.TagQuery{NotAll: conditions{has("team", "a"), has("floor", "1")}}, "2 3 4"},
			{desktop.TagQuery{NotAny: conditions{has("team", "b"), has("floor", "1")}}, "2 4"},
			{desktop.TagQuery{NotAny: conditions{has("floor")}}, "3 4"},
			{desktop.TagQuery{Untagged: true}, "4"},
			{desktop.TagQuery{Untagged: true, All: conditions{has("team")}}, ""},
			{desktop.TagQuery{All: conditions{has("team")}, NotAny: conditions{has("floor", "2")}}, "1 3"},
		} {
			found, total, err := e.service.Desktops(e.Context(), tag.Query{ProjectID: storetest.Project, TagQuery: c.query, Page: storetest.Everything})
			ids := storetest.IDs(found, func(d desktop.Desktop) string { return d.ID })
			if got := strings.Join(ids, " "); got != c.want || total != len(ids) || err != nil {
				e.Errorf("%+v: got %q of %d, %v; want %q", c.query, got, total, err, c.want)
			}
		}
		page := workspace.Page{Offset: 1, Limit: 1}
		found, total, err := e.service.Desktops(e.Context(), tag.Query{ProjectID: storetest.Project, Name: "PC-", Page: page})
		e.must(err)
		e.Same(total, 4)
		e.Same(format(found[0].Tags), "team=a floor=2")
	},
	"a project's tags are listed by key, each with its values": func(e *env) {
		e.Same(e.keys(tag.KeyQuery{Page: storetest.Everything}), "0:")
		e.add("1", "team=b floor=1 a=")
		e.add("2", "team=a floor=1")
		e.add("3", "team=b B=1")
		e.AddDesktop("elsewhere", func(d *desktop.Desktop) {
			d.ID, d.ProjectID, d.SubnetID, d.Tags = "5", storetest.OtherProject, desktoptest.SubnetOf(storetest.OtherProject), parse("secret=1")
		})
		for _, c := range []struct {
			query tag.KeyQuery
			want  string
		}{
			{tag.KeyQuery{Page: storetest.Everything}, "4: B=1 a= floor=1 team=a,b"},
			{tag.KeyQuery{Page: workspace.Page{Offset: 1, Limit: 2}}, "4: a= floor=1"},
			{tag.KeyQuery{Page: workspace.Page{Offset: 4, Limit: 2}}, "4:"},
			{tag.KeyQuery{Page: workspace.Page{}}, "4:"},
			{tag.KeyQuery{Key: "team", Page: storetest.Everything}, "1: team=a,b"},
			{tag.KeyQuery{Value: "1", Page: storetest.Everything}, "2: B=1 floor=1"},
			{tag.KeyQuery{Key: "team", Value: "1", Page: storetest.Everything}, "3: B=1 floor=1 team=a,b"},
			{tag.KeyQuery{Key: "tea", Page: storetest.Everything}, "0:"},
		} {
			if got := e.keys(c.query); got != c.want {
				e.Errorf("%+v: got %q, want %q", c.query, got, c.want)
			}
		}
		e.must(e.service.DeleteOne(e.Context(), caller, "3", "B"))
		e.Same(e.keys(tag.KeyQuery{Page: storetest.Everything}), "3: a= floor=1 team=a,b")
	},
	"of a key with many values a list has the first": func(e *env) {
		for i := range tag.MaxValues + 1 {
			e.add(fmt.Sprint(i), fmt.Sprintf("asset=%03d", i))
		}
		keys, total, err := e.service.Keys(e.Context(), tag.KeyQuery{ProjectID: storetest.Project, Page: storetest.Everything})
		e.must(err)
		e.Same(total, 1)
		e.Same(len(keys[0].Values), tag.MaxValues)
		e.Same(e.keys(tag.KeyQuery{Value: fmt.Sprintf("%03d", tag.MaxValues), Page: storetest.Everything}), fmt.Sprintf("1: asset=%03d", tag.MaxValues))
	},
}

// keys lists the keys of the project, with their number.
func (e *env) keys(q tag.KeyQuery) string {
	e.Helper()
	q.ProjectID = storetest.Project
	keys, total, err := e.service.Keys(e.Context(), q)
	e.must(err)
	text := fmt.Sprint(total, ":")
	for _, k := range keys {
		text += " " + k.Key + "=" + strings.Join(k.Values, ",")
	}
	return text
}

func TestRows(t *testing.T) {
	storetest.RunRows(t, func(e *storetest.Env) *env { return &env{desktoptest.NewEnv(e), &tag.Service{Store: e.Store}} },
		map[string]map[string]func(*env){"Changes": changes, "Lists": lists})
}
