package script

import (
	"context"
	"slices"

	"github.com/uptrace/bun"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// open is the condition of the index script_records_open, in exactly its words, so that the database recognises it.
const open = "r.status IN ('WAITING', 'RUNNING')"

// Scripts reads a page of scripts, oldest first, without their content, and counts all that match.
func Scripts(ctx context.Context, t *store.Tx, f Query) ([]Script, int, error) {
	var found []Script
	q := scripts.Select(t, f.ProjectID, &found).ExcludeColumn("content")
	q = store.Equal(q, "id", f.ID)
	q = store.Containing(q, "name_folded", f.Name)
	q = store.Equal(q, "type", f.Type)
	total, err := store.ReadPage(ctx, q, f.Page, false, "created", "id")
	return found, total, err
}

// scriptOfTask reads a script as a task runs it. CodeScriptNotFound.
func scriptOfTask(ctx context.Context, t *store.Tx, projectID, id, taskID string) (Script, error) {
	var p Piece
	var task Task
	q := t.NewSelect().Model(&p).Where("p.task_id = ? AND p.script_id = ?", taskID, id)
	if err := store.Read(ctx, t.NewSelect().Model(&task).Where("t.project_id = ? AND t.id = ?", projectID, taskID), taskMissing(taskID)); err != nil {
		return Script{}, err
	}
	err := store.Read(ctx, q, workspace.Errorf(workspace.CodeScriptNotFound, "task %s does not run script %q", taskID, id))
	return Script{Meta: workspace.Meta{ID: id, Name: p.Name, Created: task.Created, Updated: task.Created}, Type: Shell, Version: p.Version, Content: p.Content}, err
}

// taskWith returns a task that is running a script or will run it, or "".
func taskWith(ctx context.Context, t *store.Tx, scriptID string) (taskID string, err error) {
	err = store.Read(ctx, t.NewSelect().Model((*Record)(nil)).Column("task_id").Where("r.script_id = ?", scriptID).Where(open).Limit(1), nil, &taskID)
	return taskID, err
}

func insertTask(ctx context.Context, t *store.Tx, task Task, records []Record) error {
	for i := range task.Scripts {
		task.Scripts[i].TaskID = task.ID
	}
	if err := store.InsertAll(ctx, t, []Task{task}); err != nil {
		return err
	}
	if err := store.InsertAll(ctx, t, task.Scripts); err != nil {
		return err
	}
	for part := range slices.Chunk(records, store.Batch) {
		var ids []string
		for _, r := range part {
			ids = append(ids, r.DesktopID)
		}
		_, err := t.NewUpdate().Model((*Record)(nil)).Set("latest = FALSE").Where("r.desktop_id IN (?)", bun.List(ids)).
			Where("r.script_id IN (?)", bun.List(scriptIDs(task))).Where("r.script_id <> '' AND r.latest").Exec(ctx)
		if err != nil {
			return err
		}
	}
	return store.InsertAll(ctx, t, records)
}

func scriptIDs(t Task) []string {
	return store.Convert(t.Scripts, func(p Piece) string { return p.ScriptID })
}

func taskMissing(id string) error {
	return workspace.Errorf(workspace.CodeScriptTaskNotFound, "task_id: script task %q does not exist", id)
}

// ReadTask reads a task of any project. CodeScriptTaskNotFound.
func ReadTask(ctx context.Context, t *store.Tx, id string) (task Task, err error) {
	err = store.Read(ctx, t.NewSelect().Model(&task).Where("t.id = ?", id), taskMissing(id))
	return task, err
}

func lockTask(ctx context.Context, t *store.Tx, id string) (task Task, err error) {
	err = store.Read(ctx, t.ForUpdate(t.NewSelect().Model(&task).Where("t.id = ?", id), "t"), taskMissing(id))
	return task, err
}

// lockTaskOfJob locks the task whose last attempt is a job.
func lockTaskOfJob(ctx context.Context, t *store.Tx, jobID string) (task Task, err error) {
	err = store.Read(ctx, t.ForUpdate(t.NewSelect().Model(&task).Where("t.job_id = ?", jobID), "t"),
		workspace.Errorf(workspace.CodeConflict, "the task of job %s was retried by a later job, or is kept no longer", jobID))
	return task, err
}

func saveTask(ctx context.Context, t *store.Tx, task Task) error {
	_, err := t.NewUpdate().Model(&task).Column("job_id", "status", "released", "succeeded", "failed", "skipped", "ended").WherePK().Exec(ctx)
	return err
}

// Tasks reads a page of tasks with their scripts and desktops, newest first, and counts all that match.
func Tasks(ctx context.Context, t *store.Tx, f TaskQuery) ([]Task, int, error) {
	var found []Task
	q := t.NewSelect().Model(&found).Where("t.project_id = ?", f.ProjectID)
	q = store.Among(q, "t.id", f.IDs)
	q = store.Among(q, "t.pool_id", f.PoolIDs)
	q = store.Equal(q, "t.status", f.Status)
	q = store.Equal(q, "t.type", f.Type)
	q = within(q, "t.created", f.Ordered)
	if f.Pools {
		q = q.Where("t.pool_id <> ''")
	}
	q = visible(q, f)
	if f.ScriptID+f.ScriptName != "" {
		its := t.NewSelect().Model((*Piece)(nil)).Column("task_id")
		its = store.Equal(its, "p.script_id", f.ScriptID)
		its = store.Containing(its, "p.name", f.ScriptName)
		q = q.Where("t.id IN (?)", its)
	}
	total, err := store.ReadPage(ctx, q, f.Page, true, "t.created", "t.id")
	if err != nil || len(found) == 0 {
		return found, total, err
	}
	return found, total, readParts(ctx, t, found)
}

// readParts reads the scripts and the desktops of tasks.
func readParts(ctx context.Context, t *store.Tx, tasks []Task) error {
	of := map[string]*Task{}
	var ids []string
	for i := range tasks {
		of[tasks[i].ID] = &tasks[i]
		ids = append(ids, tasks[i].ID)
	}
	var pieces []Piece
	if err := t.NewSelect().Model(&pieces).Where("p.task_id IN (?)", bun.List(ids)).Order("p.task_id", "p.position").Scan(ctx); err != nil {
		return err
	}
	for _, p := range pieces {
		of[p.TaskID].Scripts = append(of[p.TaskID].Scripts, p)
	}
	var records []Record
	err := t.NewSelect().Model(&records).Column("task_id", "desktop_id", "batch").Where("r.task_id IN (?) AND r.position = 0", bun.List(ids)).
		Order("r.task_id", "r.desktop_name", "r.desktop_id").Scan(ctx)
	for _, r := range records {
		task := of[r.TaskID]
		if task.Desktops = append(task.Desktops, r.DesktopID); r.Batch == 1 {
			task.First = append(task.First, r.DesktopID)
		}
	}
	return err
}

func within(q *bun.SelectQuery, column string, s Span) *bun.SelectQuery {
	if !s.From.IsZero() {
		q = q.Where("? >= ?", bun.Ident(column), s.From)
	}
	if !s.To.IsZero() {
		q = q.Where("? <= ?", bun.Ident(column), s.To)
	}
	return q
}

// Records reads a page of records without their output, and counts all that match: the newest first, or those of a task by desktop.
func Records(ctx context.Context, t *store.Tx, f RecordQuery) ([]Record, int, error) {
	var found []Record
	q := t.NewSelect().Model(&found).ExcludeColumn("output").Where("r.project_id = ?", f.ProjectID)
	q = store.Selected(q, f.Visible, selectionColumns)
	q = store.Equal(q, "r.task_id", f.TaskID)
	q = store.Among(q, "r.pool_id", f.PoolIDs)
	q = store.Among(q, "r.desktop_id", f.DesktopIDs)
	q = store.Among(q, "r.script_id", f.ScriptIDs)
	q = store.Among(q, "r.script_name", f.ScriptNames)
	q = store.Equal(q, "r.status", f.Status)
	q = store.Equal(q, "r.type", f.Type)
	q = within(q, "r.created", f.Ordered)
	if f.First != nil {
		q = q.Where("(r.batch = 1) = ?", *f.First)
	}
	if !f.History && f.TaskID == "" {
		q = q.Where("r.latest")
	}
	total, err := store.ReadPage(ctx, q, f.Page, f.TaskID == "", "r.created", "r.task_id", "r.desktop_name", "r.position", "r.id")
	return found, total, err
}

func readRecord(ctx context.Context, t *store.Tx, projectID, id string) (r Record, err error) {
	err = store.Read(ctx, t.NewSelect().Model(&r).Where("r.project_id = ? AND r.id = ?", projectID, id),
		workspace.Errorf(workspace.CodeScriptTaskNotFound, "record_id: script record %q does not exist", id))
	return r, err
}

// RecordsOf reads the records of a sub-job in order, without their output.
func RecordsOf(ctx context.Context, t *store.Tx, subJobID string) (found []Record, err error) {
	err = t.NewSelect().Model(&found).ExcludeColumn("output").Where("r.sub_job_id = ?", subJobID).Order("r.position").Scan(ctx)
	return found, err
}

// anyOpen reports whether a record of a sub-job has not ended.
func anyOpen(ctx context.Context, t *store.Tx, subJobID string) (bool, error) {
	return t.NewSelect().Model((*Record)(nil)).Where("r.sub_job_id = ?", subJobID).Where(open).Exists(ctx)
}

// orphans reads, of sub-jobs that have ended or are gone, some whose records are open, with the reason.
func orphans(ctx context.Context, t *store.Tx) (found []Record, err error) {
	err = t.NewSelect().Model(&found).Column("task_id", "sub_job_id").
		ColumnExpr("coalesce((SELECT s.reason FROM sub_jobs AS s WHERE s.id = r.sub_job_id), 'its job is gone') AS reason").
		Where(open).Where("NOT EXISTS (SELECT 1 FROM sub_jobs AS s WHERE s.id = r.sub_job_id AND s." + store.Unfinished + ")").
		Limit(store.Batch).Scan(ctx)
	return found, err
}

func contentOf(ctx context.Context, t *store.Tx, taskID string, position int) (content string, err error) {
	err = t.NewSelect().Model((*Piece)(nil)).Column("content").Where("p.task_id = ? AND p.position = ?", taskID, position).Scan(ctx, &content)
	return content, err
}

func saveRecord(ctx context.Context, t *store.Tx, r Record) error {
	_, err := t.NewUpdate().Model(&r).Column("status", "result_code", "reason", "output", "begun", "ended").WherePK().Exec(ctx)
	return err
}

// putRecords writes the attempt of records that run again.
func putRecords(ctx context.Context, t *store.Tx, records []Record) error {
	for part := range slices.Chunk(records, store.Batch) {
		q := t.Inserting(&part).On("CONFLICT (id) DO UPDATE")
		for _, column := range []string{"sub_job_id", "status", "stopping", "attempt", "result_code", "reason", "output", "begun", "ended"} {
			q = q.Set("? = EXCLUDED.?", bun.Ident(column), bun.Ident(column))
		}
		if _, err := q.Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// unsuccessful reads, without their output, the records of a task that did not succeed: all, or one with those after it in its desktop.
func unsuccessful(ctx context.Context, t *store.Tx, task Task, only Record) (found []Record, err error) {
	q := t.NewSelect().Model(&found).ExcludeColumn("output").Where("r.task_id = ? AND r.status IN (?, ?)", task.ID, Failed, Skipped)
	if only.ID != "" {
		q = q.Where("r.desktop_id = ? AND r.position >= ?", only.DesktopID, only.Position)
	}
	err = q.Order("r.batch", "r.desktop_name", "r.desktop_id", "r.position").Scan(ctx)
	return found, err
}

// progressOf counts a task's records.
func progressOf(ctx context.Context, t *store.Tx, task Task) (Progress, error) {
	p := Progress{Threshold: task.Threshold, Released: task.Released}
	var counts []struct {
		Batch  int
		Status Status
		Count  int
	}
	err := t.NewSelect().Model((*Record)(nil)).Column("batch", "status").ColumnExpr("count(*) AS count").Where("r.task_id = ?", task.ID).
		Group("batch", "status").Scan(ctx, &counts)
	for _, c := range counts {
		b := &p.Rest
		if c.Batch == 1 {
			b, p.Batches = &p.First, true
		}
		switch c.Status {
		case Waiting:
			b.Waiting += c.Count
		case Running:
			b.Running += c.Count
		case Succeeded:
			b.Succeeded += c.Count
		case Failed:
			b.Failed += c.Count
		case Skipped:
			b.Skipped += c.Count
		default: // a task's, which no record has
		}
	}
	return p, err
}

// waitingSubJobs returns the sub-jobs of the rest of a task that have not begun.
func waitingSubJobs(ctx context.Context, t *store.Tx, task Task) (ids []string, err error) {
	err = t.NewSelect().Model((*Record)(nil)).ColumnExpr("DISTINCT r.sub_job_id").Where("r.task_id = ? AND r.batch <> 1 AND r.status = ?", task.ID, Waiting).
		Scan(ctx, &ids)
	return ids, err
}

// skipWaiting skips the rest of a task, none of which has begun, and ends its sub-jobs.
func skipWaiting(ctx context.Context, t *store.Tx, task Task, o Outcome) error {
	var ids []string
	err := t.NewUpdate().Model((*Record)(nil)).Set("status = ?, result_code = ?, reason = ?, ended = ?", o.Status, o.Code, o.Reason, t.Now()).
		Where("r.task_id = ? AND r.batch <> 1 AND r.status = ?", task.ID, Waiting).Returning("sub_job_id").Scan(ctx, &ids)
	if err != nil {
		return err
	}
	slices.Sort(ids)
	return t.EndSubJobs(ctx, slices.Compact(ids), workspace.SubJobSuccess, "", "skipped: "+o.Reason)
}

// stopRecords ends the waiting records of a task, or one of them, as o says, has those that run stopped, and returns the sub-jobs of both.
func stopRecords(ctx context.Context, t *store.Tx, task Task, only string, o Outcome) ([]string, error) {
	its := func(status Status) *bun.UpdateQuery {
		q := t.NewUpdate().Model((*Record)(nil)).Where("r.task_id = ? AND r.status = ?", task.ID, status).Returning("sub_job_id")
		if only != "" {
			q = q.Where("r.id = ?", only)
		}
		return q
	}
	var skipped, stopped []string
	err := its(Waiting).Set("status = ?, result_code = ?, reason = ?, ended = ?", o.Status, o.Code, o.Reason, t.Now()).Scan(ctx, &skipped)
	if err != nil {
		return nil, err
	}
	err = its(Running).Set("stopping = TRUE").Scan(ctx, &stopped)
	ids := append(skipped, stopped...)
	slices.Sort(ids)
	return slices.Compact(ids), err
}
