package script

import (
	"context"
	"time"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Kind is what a task runs.
type Kind string

// The kinds.
const (
	KindScripts Kind = "SCRIPT"
	KindCommand Kind = "COMMAND"
)

// Status is the state of a task or of a record, in the words of the API.
type Status string

// The states: of records and, from TaskInit on, of tasks.
const (
	Waiting   Status = "WAITING"
	Running   Status = "RUNNING"
	Succeeded Status = "SUCCESS"
	Failed    Status = "FAILED"
	Skipped   Status = "SKIPPED"

	TaskInit     Status = "INIT"
	TaskRunning  Status = "RUNNING"
	TaskFinished Status = "FINISH" // none failed
	TaskFailed   Status = "FAILED"
)

// Task is one request to run scripts or a command in desktops, and also its row.
type Task struct {
	store.BaseModel `bun:"table:script_tasks,alias:t"`
	ID              string `bun:",pk"`
	ProjectID       string
	JobID           string // of the last attempt
	Type            Kind
	PoolID          string // empty unless it was ordered for a pool
	PoolName        string
	AsUser          bool // the desktop's user runs it; otherwise root
	Minutes         int  // for each script
	Threshold       int
	Finish          Finish
	Status          Status
	Released        bool
	Succeeded       int // records, as are the next two
	Failed          int
	Skipped         int
	Created         time.Time
	Ended           time.Time `bun:",nullzero"`

	Scripts  []Piece  `bun:"-"` // read with lists
	Desktops []string `bun:"-"` // ids, read with lists, as are those of the first batch
	First    []string `bun:"-"`
}

func (t Task) resource() workspace.Resource {
	return workspace.Resource{Type: "script_task", ID: t.ID}
}

// Piece is a script of a task, as it was when the task was ordered, or its command.
type Piece struct {
	store.BaseModel `bun:"table:script_task_scripts,alias:p"`
	TaskID          string `bun:",pk"`
	Position        int    `bun:",pk"`
	ScriptID        string // empty for a command, as are name and version
	Name            string
	Version         string
	Content         string
}

// Record is what comes of one script in one desktop, and also its row.
type Record struct {
	store.BaseModel `bun:"table:script_records,alias:r"`
	ID              string `bun:",pk"`
	ProjectID       string
	TaskID          string
	SubJobID        string // of the last attempt
	Type            Kind
	Position        int // of the script in the task
	ScriptID        string
	ScriptName      string
	PoolID          string
	DesktopID       string
	DesktopName     string
	EnterpriseID    string // of the desktop
	Batch           int    // 1: the first batch, 2: those after it, 0: the task has no batches
	Status          Status
	Stopping        bool // it is to be stopped
	Attempt         int
	Latest          bool   // the desktop has no later record of this script
	ResultCode      string // the script's exit status, or a word
	Reason          string
	Output          string // not read with lists
	Created         time.Time
	Begun           time.Time `bun:",nullzero"`
	Ended           time.Time `bun:",nullzero"`
}

// Ended words of records that have no exit status.
const (
	ResultLate    = "TIMEOUT"
	ResultStopped = "STOPPED"
	ResultLost    = "LOST"
	ResultError   = "ERROR"
	ResultOff     = "NOT_RUNNING"
	ResultNoUser  = "NO_SINGLE_USER"
	ResultAfter   = "AFTER_FAILURE"
)

// Span is a range of time, both ends included; zero is open.
type Span struct{ From, To time.Time }

// TaskQuery selects tasks of one project.
type TaskQuery struct {
	ProjectID  string
	IDs        []string
	PoolIDs    []string
	Pools      bool // only tasks that were ordered for a pool
	ScriptID   string
	ScriptName string // part of the name, ignoring case
	Status     Status
	Type       Kind
	Ordered    Span
	Visible    *workspace.Selection // those of which the caller may see all desktops; nil: all
	ByPool     bool                 // Visible selects pools, and tasks for them
	workspace.Page
}

// Tasks reads a page of tasks with their scripts and desktops, the newest first, and counts all that match.
func (s *Service) Tasks(ctx context.Context, q TaskQuery) ([]Task, int, error) {
	return store.List(ctx, s.Store, func(tx *store.Tx) ([]Task, int, error) { return Tasks(ctx, tx, q) })
}

// RecordQuery selects records of one project.
type RecordQuery struct {
	ProjectID           string
	TaskID              string
	PoolIDs, DesktopIDs []string
	ScriptIDs           []string
	ScriptNames         []string // exact
	Status              Status
	Type                Kind
	First               *bool // of the first batch
	History             bool  // also those that are not the desktop's latest of the script; with a TaskID all are read
	Ordered             Span
	Visible             *workspace.Selection // those that the caller may see; nil: all
	workspace.Page
}

// Records reads a page of records, without their output, the newest first, and counts all that match. CodeInvalid.
func (s *Service) Records(ctx context.Context, q RecordQuery) ([]Record, int, error) {
	if q.History && (len(q.DesktopIDs) == 0 || len(q.ScriptIDs) == 0) {
		return nil, 0, workspace.Invalid("show_history", "needs resource_id and script_id")
	}
	return store.List(ctx, s.Store, func(tx *store.Tx) ([]Record, int, error) { return Records(ctx, tx, q) })
}

// Record reads a record with its output. CodeScriptTaskNotFound.
func (s *Service) Record(ctx context.Context, projectID, id string) (Record, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) (Record, error) { return readRecord(ctx, tx, projectID, id) })
}
