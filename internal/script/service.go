package script

import (
	"context"

	"carrel/internal/store"
	"carrel/internal/workspace"
)

// Service keeps scripts, orders that they are run, and tells what came of it. Each method is one transaction.
type Service struct {
	Store store.Transactions
}

// Query selects scripts of one project.
type Query struct {
	ProjectID string
	ID        string
	Name      string // part of the name, ignoring case
	Type      string
	workspace.Page
}

// Create adds a script and returns its id. CodeNameTaken; CodeConflict if the project has MaxScripts.
func (s *Service) Create(ctx context.Context, c workspace.Caller, script Script) (string, error) {
	if err := script.Check(); err != nil {
		return "", err
	}
	return store.Update(ctx, s.Store, store.As(c, func(tx *store.Tx) (string, error) {
		if err := scripts.CheckLimit(ctx, tx, c.ProjectID, MaxScripts, "scripts"); err != nil {
			return "", err
		}
		script.Meta = workspace.NewMeta(c, script.Name)
		return script.ID, scripts.Insert(ctx, tx, &script)
	}))
}

// Get reads a script; with a task, as that task runs it. CodeScriptNotFound.
func (s *Service) Get(ctx context.Context, projectID, id, taskID string) (Script, error) {
	return store.View(ctx, s.Store, func(tx *store.Tx) (script Script, err error) {
		if taskID != "" {
			return scriptOfTask(ctx, tx, projectID, id, taskID)
		}
		err = scripts.Get(ctx, tx, projectID, id, &script)
		return script, err
	})
}

// List reads a page of scripts, without their content, and counts all that match.
func (s *Service) List(ctx context.Context, q Query) ([]Script, int, error) {
	return store.List(ctx, s.Store, func(tx *store.Tx) ([]Script, int, error) { return Scripts(ctx, tx, q) })
}

// Change is a request to change a script. Nil fields stay as they are.
type Change struct{ Name, Description, Version, Content *string }

// Update changes a script. Tasks that were ordered before run it as it was then. CodeScriptNotFound, CodeNameTaken.
func (s *Service) Update(ctx context.Context, c workspace.Caller, id string, change Change) error {
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		var script Script
		if err := scripts.Lock(ctx, tx, c.ProjectID, id, &script); err != nil {
			return err
		}
		workspace.Set(&script.Name, change.Name)
		workspace.Set(&script.Description, change.Description)
		workspace.Set(&script.Version, change.Version)
		workspace.Set(&script.Content, change.Content)
		if err := script.Check(); err != nil {
			return err
		}
		return scripts.Save(ctx, tx, &script)
	}))
}

// Delete deletes a script that no task is running or about to run. CodeScriptNotFound; CodeConflict. The script's row decides between it
// and a new task.
func (s *Service) Delete(ctx context.Context, c workspace.Caller, id string) error {
	return s.Store.Update(ctx, store.By(c, func(tx *store.Tx) error {
		var script Script
		if err := scripts.Lock(ctx, tx, c.ProjectID, id, &script); err != nil {
			return err
		}
		taskID, err := taskWith(ctx, tx, id)
		if err != nil {
			return err
		}
		if taskID != "" {
			return workspace.Errorf(workspace.CodeConflict, "script %s is in use by task %s, stop the task or wait for its end", script.Name, taskID)
		}
		return scripts.Delete(ctx, tx, &script)
	}))
}
