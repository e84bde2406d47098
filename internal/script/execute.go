package script

import (
	"context"
	"slices"
	"time"

	"carrel/internal/desktop"
	"carrel/internal/pool"
	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Limits of tasks.
const (
	MaxPieces   = 10   // scripts
	MaxDesktops = 2000 // of a pool or with a tag
	MaxIDs      = 500  // desktops that are named by id
	MaxMinutes  = 600  // for each script
)

// JobType is the type of the jobs that carry out tasks.
const JobType = workspace.JobExecuteScripts

// Finish is what is done with a desktop when all scripts have succeeded there.
type Finish string

// The ends.
const (
	StayOn Finish = ""
	Stop   Finish = "stop"
	Reboot Finish = "reboot"
)

// Execute is a request to run scripts or a command in desktops: in those with the ids, in those of a pool, or of these those with the ids,
// or in those with a tag.
type Execute struct {
	workspace.Caller
	Noun      string // "resource" or "desktop": the fields of ids are called <Noun>_ids and gray_<Noun>_ids
	PoolID    string
	IDs       []string
	Tags      desktop.TagQuery
	ScriptIDs []string
	Command   string
	AsUser    bool // the desktop's only user runs it; otherwise root
	Minutes   int  // for each script; 0 means 1
	// FirstCount desktops, those that run before others, or else FirstIDs run it first. If Threshold of them fail (0 means 1), the
	// others do not run it.
	FirstCount int
	FirstIDs   []string
	Threshold  int
	Finish     Finish
}

// Params are the parameters of a sub-job.
type Params struct {
	TaskID string `json:"task"`
}

// Check refuses what is wrong with the request by itself.
func (r *Execute) Check() error {
	if (len(r.ScriptIDs) == 0) == (r.Command == "") {
		return workspace.Invalid("script_ids", "give scripts, or a command, and not both")
	}
	if r.Command != "" {
		if err := checkContent(r.commandField(), r.Command); err != nil {
			return err
		}
	} else if err := workspace.CheckIDsUpTo(MaxPieces, "script_ids", r.ScriptIDs); err != nil {
		return err
	}
	if byID := r.PoolID == "" && len(r.Tags.All) == 0; byID || len(r.IDs) > 0 {
		if err := workspace.CheckIDsUpTo(MaxIDs, r.Noun+"_ids", r.IDs); err != nil {
			return err
		}
	}
	if len(r.FirstIDs) > 0 {
		if err := workspace.CheckIDsUpTo(MaxIDs, "gray_"+r.Noun+"_ids", r.FirstIDs); err != nil {
			return err
		}
	}
	switch {
	case r.Minutes < 0 || r.Minutes > MaxMinutes:
		return workspace.Invalid("execution_timeout", "%d is out of range, use 1 to %d minutes", r.Minutes, MaxMinutes)
	case r.FirstCount < 0 || r.FirstCount > MaxDesktops:
		return workspace.Invalid("gray_count", "%d is out of range, use 0 to %d", r.FirstCount, MaxDesktops)
	case r.Threshold != 0 && r.FirstCount == 0 && len(r.FirstIDs) == 0:
		return workspace.Invalid("gray_fail_threshold", "needs gray_count or gray_%s_ids", r.Noun)
	case r.Finish != StayOn && r.Finish != Stop && r.Finish != Reboot:
		return workspace.Invalid("post_finish", "%q is unknown, use %s or %s", r.Finish, Stop, Reboot)
	}
	return nil
}

func (r *Execute) commandField() string {
	if r.Noun == "resource" {
		return "command"
	}
	return "command_content"
}

// Execute orders a task and returns its id. CodeSettingOff, CodeScriptNotFound, CodeDesktopNotFound, CodePoolNotFound, CodeInvalid. The rows of the
// scripts are locked in order of their ids, so that one that is being deleted is not ordered any more.
func (s *Service) Execute(ctx context.Context, r Execute) (string, error) {
	if err := r.Check(); err != nil {
		return "", err
	}
	return store.Update(ctx, s.Store, store.As(r.Caller, func(tx *store.Tx) (string, error) {
		if err := mayRun(ctx, tx, r.ProjectID); err != nil {
			return "", err
		}
		var err error
		t := Task{
			ID: workspace.NewID(), ProjectID: r.ProjectID, Type: KindScripts, PoolID: r.PoolID, AsUser: r.AsUser, Minutes: max(r.Minutes, 1),
			Threshold: r.Threshold, Finish: r.Finish, Status: TaskInit, Created: tx.Now(),
		}
		if r.Command != "" {
			t.Type = KindCommand
		}
		if t.Scripts, err = r.pieces(ctx, tx); err != nil {
			return "", err
		}
		desktops, err := r.desktops(ctx, tx, &t)
		if err != nil {
			return "", err
		}
		first, err := r.first(desktops)
		if err != nil {
			return "", err
		}
		t.Released = len(first) == 0
		return t.ID, order(ctx, tx, t, r.RequestID, desktops, first)
	}))
}

// mayRun returns why scripts cannot be made to run in a project's desktops now, or nil. CodeSettingOff; errors as store.RequireSubscription.
func mayRun(ctx context.Context, tx *store.Tx, projectID string) error {
	service, err := store.UsableSubscription(ctx, tx, projectID)
	if err != nil {
		return err
	}
	return service.MayRunScripts()
}

// pieces returns what the task runs.
func (r *Execute) pieces(ctx context.Context, tx *store.Tx) ([]Piece, error) {
	if r.Command != "" {
		return []Piece{{Content: r.Command}}, nil
	}
	found := map[string]Script{}
	for _, id := range slices.Sorted(slices.Values(r.ScriptIDs)) {
		var script Script
		if err := scripts.Lock(ctx, tx, r.ProjectID, id, &script); err != nil {
			return nil, workspace.InField("script_ids", err)
		}
		found[id] = script
	}
	pieces := make([]Piece, len(r.ScriptIDs))
	for i, id := range r.ScriptIDs {
		pieces[i] = Piece{Position: i, ScriptID: id, Name: found[id].Name, Version: found[id].Version, Content: found[id].Content}
	}
	return pieces, nil
}

// desktops reads the desktops of the request by name, and notes the name of the pool.
func (r *Execute) desktops(ctx context.Context, tx *store.Tx, t *Task) ([]desktop.Desktop, error) {
	q := desktop.DesktopQuery{
		ProjectID: r.ProjectID, IDs: r.IDs, Tags: r.Tags, SortBy: desktop.ByName, Brief: true, Page: workspace.Page{Limit: MaxDesktops},
	}
	if r.PoolID != "" {
		p, err := pool.ReadPool(ctx, tx, r.ProjectID, r.PoolID)
		if err != nil {
			return nil, err
		}
		t.PoolName, q.PoolIDs = p.Name, []string{p.ID}
	}
	desktops, total, err := desktop.Desktops(ctx, tx, q)
	if err != nil {
		return nil, err
	}
	for _, id := range r.IDs {
		if !slices.ContainsFunc(desktops, func(d desktop.Desktop) bool { return d.ID == id }) {
			return nil, workspace.Errorf(workspace.CodeDesktopNotFound, "%s_ids: desktop %q does not exist, or is not in the pool", r.Noun, id)
		}
	}
	switch {
	case total == 0:
		return nil, workspace.Errorf(workspace.CodeConflict, "there are no desktops to run it in")
	case total > MaxDesktops:
		return nil, workspace.Errorf(workspace.CodeConflict, "these are %d desktops, at most %d can run a task", total, MaxDesktops)
	}
	return desktops, nil
}

// first returns the ids of the first batch, nil for none. A count takes desktops that are on before others, then by name.
func (r *Execute) first(desktops []desktop.Desktop) (map[string]bool, error) {
	var ids []string
	for _, d := range slices.SortedStableFunc(slices.Values(desktops), func(a, b desktop.Desktop) int {
		return desktop.Before(a.Status == desktop.StatusActive, b.Status == desktop.StatusActive)
	}) {
		ids = append(ids, d.ID)
	}
	if r.FirstCount > len(ids) {
		return nil, workspace.Invalid("gray_count", "%d is out of range, these are %s", r.FirstCount, workspace.Plural(len(ids), "desktop"))
	}
	chosen := ids[:r.FirstCount]
	if r.FirstCount == 0 {
		chosen = r.FirstIDs
	}
	for _, id := range chosen {
		if !slices.Contains(ids, id) {
			return nil, workspace.Invalid("gray_"+r.Noun+"_ids", "desktop %q is not one of those that run it", id)
		}
	}
	if r.Threshold < 0 || r.Threshold > len(chosen) {
		return nil, workspace.Invalid("gray_fail_threshold", "%d is out of range, use 0 to %d", r.Threshold, len(chosen))
	}
	first := make(map[string]bool, len(chosen))
	for _, id := range chosen {
		first[id] = true
	}
	return first, nil
}

// never is the due time of sub-jobs whose turn has not come.
var never = time.Date(9999, time.January, 1, 0, 0, 0, 0, time.UTC)

// order writes a task with its records, and the job that carries it out.
func order(ctx context.Context, tx *store.Tx, t Task, requestID string, desktops []desktop.Desktop, first map[string]bool) error {
	job := newJob(&t, requestID, tx.Now())
	tx.Audit(t.resource(), job.ID)
	var records []Record
	for _, d := range desktops {
		batch := batchOf(len(first) > 0, first[d.ID])
		sub := newSubJob(&job, t, d, batch)
		for _, p := range t.Scripts {
			records = append(records, Record{
				ID: workspace.NewID(), ProjectID: t.ProjectID, TaskID: t.ID, SubJobID: sub.ID, Type: t.Type, Position: p.Position, ScriptID: p.ScriptID,
				ScriptName: p.Name, PoolID: d.PoolID, DesktopID: d.ID, DesktopName: d.Name, EnterpriseID: d.EnterpriseID, Batch: batch, Status: Waiting, Latest: true, Created: tx.Now(),
			})
		}
	}
	if err := insertTask(ctx, tx, t, records); err != nil {
		return err
	}
	return tx.InsertJob(ctx, job)
}

func batchOf(batches, first bool) int {
	switch {
	case !batches:
		return 0
	case first:
		return 1
	default:
		return 2
	}
}

// newJob returns a job without sub-jobs for a task's next attempt.
func newJob(t *Task, requestID string, now time.Time) workspace.Job {
	t.JobID = workspace.NewID()
	return workspace.Job{ID: t.JobID, ProjectID: t.ProjectID, Type: JobType, PoolID: t.PoolID, RequestID: requestID, Created: now}
}

// newSubJob adds to a job what runs the task in a desktop.
func newSubJob(job *workspace.Job, t Task, d desktop.Desktop, batch int) workspace.SubJob {
	sub := desktop.NewSubJob(job, d, Params{TaskID: t.ID})
	if batch == 2 && !t.Released {
		sub.RunAt = never
	}
	job.SubJobs = append(job.SubJobs, sub)
	return sub
}
