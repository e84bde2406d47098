package store

import (
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"time"

	"carrel/internal/workspace"
)

// trail collects what a transaction does on a caller's behalf. It is written in the same transaction, just before the commit.
type trail struct {
	caller  *workspace.Caller // nil: nobody's; then nothing is collected
	records []workspace.AuditRecord
	of      map[resourceKey]int     // the index of a resource's record
	read    map[resourceKey]readRow // rows as this transaction locked them
}

type resourceKey struct {
	kind workspace.ResourceType
	id   string
}

type readRow struct {
	name string
	fields
}

func keyOf(r workspace.Resource) resourceKey { return resourceKey{r.Type, r.ID} }

// By makes what f changes the act of a caller: each resource that f changes leaves an audit record, in the same transaction. If
// there is none, because nothing had to be done, an administrator's operation leaves one nevertheless.
func By(c workspace.Caller, f func(*Tx) error) func(*Tx) error {
	return func(tx *Tx) error {
		_, err := As(c, func(tx *Tx) (struct{}, error) { return struct{}{}, f(tx) })(tx)
		return err
	}
}

// As is By for functions with a result.
func As[T any](c workspace.Caller, f func(*Tx) (T, error)) func(*Tx) (T, error) {
	return func(tx *Tx) (T, error) {
		tx.trail.caller = &c
		out, err := f(tx)
		if err == nil && len(tx.trail.records) == 0 && c.Actor.Kind == workspace.ActorAdministrator {
			tx.Audit(c.Target, "")
		}
		return out, err
	}
}

// Audited reports whether the transaction acts for a caller, so that its changes are recorded.
func (t *Tx) Audited() bool { return t.trail.caller != nil }

// Audit records that the caller changes a resource, with the id of the job that carries it out, if any. What a transaction changes
// of a resource is one record. Without a caller it does nothing.
func (t *Tx) Audit(r workspace.Resource, jobID string, changes ...workspace.FieldChange) {
	if t.trail.caller == nil {
		return
	}
	r.Name = cmp.Or(r.Name, t.trail.read[keyOf(r)].name)
	if at, there := t.trail.of[keyOf(r)]; there {
		if record := &t.trail.records[at]; jobID == "" || record.JobID == "" || record.JobID == jobID {
			record.JobID, record.ResourceName = cmp.Or(record.JobID, jobID), cmp.Or(record.ResourceName, r.Name)
			record.Changes = mergeChanges(record.Changes, changes)
			return
		}
	}
	record := t.trail.caller.Record(r)
	record.JobID, record.Changes = jobID, mergeChanges(nil, changes)
	if t.trail.of == nil {
		t.trail.of = map[resourceKey]int{}
	}
	t.trail.of[keyOf(r)] = len(t.trail.records)
	t.trail.records = append(t.trail.records, record)
}

// mergeChanges adds later changes to earlier ones of the same resource, and shortens their values.
func mergeChanges(changes, later []workspace.FieldChange) []workspace.FieldChange {
next:
	for _, l := range later {
		l.Old, l.New = workspace.Clip(l.Old, workspace.MaxAuditValue), workspace.Clip(l.New, workspace.MaxAuditValue)
		for i := range changes {
			if changes[i].Field == l.Field {
				changes[i].New = l.New
				continue next
			}
		}
		changes = append(changes, l)
	}
	return changes
}

// auditJob records the desktops that sub-jobs will change, and the pool of their job.
func (t *Tx) auditJob(jobID, poolID string, subs []workspace.SubJob) {
	if poolID != "" {
		t.Audit(workspace.Resource{Type: workspace.ResourcePool, ID: poolID}, jobID)
	}
	for _, s := range subs {
		if s.DesktopID != "" {
			t.Audit(workspace.Resource{Type: workspace.ResourceDesktop, ID: s.DesktopID, Name: s.DesktopName}, jobID)
		}
	}
}

// AuditInsert is Audit for a new row, with its fields.
func (t *Tx) AuditInsert(r workspace.Resource, row any) {
	if t.Audited() {
		t.Audit(r, "", difference(nil, t.fieldsOf(row))...)
	}
}

// AuditRead remembers a row that the transaction locked, for AuditSave and AuditDelete.
func (t *Tx) AuditRead(r workspace.Resource, row any) {
	if t.Audited() {
		t.remember(r, t.fieldsOf(row))
	}
}

func (t *Tx) remember(r workspace.Resource, of fields) {
	if t.trail.read == nil {
		t.trail.read = map[resourceKey]readRow{}
	}
	t.trail.read[keyOf(r)] = readRow{r.Name, of}
}

// AuditSave is Audit for a changed row, with the fields that differ from those that AuditRead saw. If none does, it does nothing.
func (t *Tx) AuditSave(r workspace.Resource, row any) {
	if !t.Audited() {
		return
	}
	after := t.fieldsOf(row)
	if before, known := t.trail.read[keyOf(r)]; known {
		if changes := difference(before.fields, after); len(changes) > 0 {
			t.Audit(r, "", changes...)
		}
	}
	t.remember(r, after)
}

// AuditDelete is Audit for a row that is deleted, with the fields that AuditRead saw.
func (t *Tx) AuditDelete(r workspace.Resource) {
	t.Audit(r, "", difference(t.trail.read[keyOf(r)].fields, nil)...)
}

// Record adds a record of a request that has ended already.
func (t *Tx) Record(r workspace.AuditRecord) { t.trail.records = append(t.trail.records, r) }

// field is a column of a row with its value as text; empty if it is the zero value and the row new.
type field struct {
	name, value string
	zero        bool
}

type fields []field

// fieldsOf returns the columns of a row that are recorded: not what identifies it or is made from other columns (*_folded), nor
// when it changed, nor secrets, nor what a tag `audit:"-"` excludes.
func (t *Tx) fieldsOf(row any) fields {
	v := reflect.Indirect(reflect.ValueOf(row))
	var all fields
	for _, f := range t.Dialect().Tables().Get(v.Type()).DataFields {
		switch {
		case f.StructField.Tag.Get("audit") == "-", strings.HasSuffix(f.Name, "_folded"), isSecret(f.Name, f.StructField.Type):
			continue
		case f.Name == "project_id", f.Name == "created", f.Name == "updated":
			continue
		}
		value := f.Value(v)
		all = append(all, field{f.Name, fieldText(value), value.IsZero()})
	}
	return all
}

// secretName matches the names of columns that may have a secret.
var secretName = regexp.MustCompile("password|secret|token|hash|credential|seal|private")

// isSecret reports whether a column may have a secret: a rule about its name cannot be forgotten, as a tag can. What is only true
// or false, a number or a time is none.
func isSecret(name string, of reflect.Type) bool {
	if !secretName.MatchString(name) || of == reflect.TypeFor[time.Time]() {
		return false
	}
	switch of.Kind() {
	case reflect.Bool, reflect.Int, reflect.Int32, reflect.Int64:
		return false
	default:
		return true
	}
}

func fieldText(v reflect.Value) string {
	switch of := v.Interface().(type) {
	case time.Time:
		if of.IsZero() {
			return ""
		}
		return of.UTC().Format(time.RFC3339)
	case json.RawMessage:
		return string(of)
	}
	switch v.Kind() {
	case reflect.String:
		return v.String()
	case reflect.Struct, reflect.Slice, reflect.Map, reflect.Pointer:
		if v.IsZero() {
			return ""
		}
		text, err := json.Marshal(v.Interface())
		if err != nil {
			panic(err) // rows are this program's own structs of plain fields
		}
		return string(text)
	default:
		return fmt.Sprint(v.Interface())
	}
}

// difference returns how a row changes. Nil before: it is new; nil after: it is deleted. Those have only fields with values.
func difference(before, after fields) []workspace.FieldChange {
	var changes []workspace.FieldChange
	switch {
	case before == nil && after == nil:
	case before == nil:
		for _, f := range after {
			if !f.zero {
				changes = append(changes, workspace.FieldChange{Field: f.name, New: f.value})
			}
		}
	case after == nil:
		for _, f := range before {
			if !f.zero {
				changes = append(changes, workspace.FieldChange{Field: f.name, Old: f.value})
			}
		}
	default:
		was := make(map[string]string, len(before))
		for _, f := range before {
			was[f.name] = f.value
		}
		for _, f := range after {
			if old, known := was[f.name]; known && old != f.value {
				changes = append(changes, workspace.FieldChange{Field: f.name, Old: old, New: f.value})
			}
		}
	}
	return changes
}
