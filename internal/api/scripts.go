package api

import (
	"context"

	"carrel/internal/api/wire"
	"carrel/internal/script"
	"carrel/internal/workspace"
)

func (s *Server) createScript(ctx context.Context, in *wire.CreateScriptInput) (wire.CreateScriptResponse, error) {
	b := in.Body
	id, err := s.Services.Scripts.Create(ctx, caller(ctx, in.Project), script.Script{
		Meta: workspace.Meta{Name: b.Name}, Type: b.Type, Description: b.Description, Version: b.Version, Content: b.Content,
	})
	return wire.CreateScriptResponse{ScriptID: id}, err
}

func (s *Server) listScripts(ctx context.Context, in *wire.ListScriptsInput) (wire.ListScriptsResponse, error) {
	found, total, err := s.Services.Scripts.List(ctx, script.Query{
		ProjectID: in.ProjectID, ID: in.ID, Name: in.Name, Type: in.Type, Page: workspace.Page{Offset: in.Offset, Limit: in.Limit},
	})
	return wire.ListScriptsResponse{Count: total, Scripts: each(found, func(s script.Script) wire.ScriptSimpleInfo {
		return wire.ScriptSimpleInfo{
			ID: s.ID, Name: s.Name, Description: s.Description, Type: s.Type, Version: s.Version, CreateTime: stamp(s.Created), UpdateTime: stamp(s.Updated),
		}
	})}, err
}

func (s *Server) showScript(ctx context.Context, in *wire.ShowScriptDetailInput) (wire.ShowScriptDetailResponse, error) {
	x, err := s.Services.Scripts.Get(ctx, in.ProjectID, in.ScriptID, in.ScriptTaskID)
	return wire.ShowScriptDetailResponse{
		ID: x.ID, Name: x.Name, Description: x.Description, Type: x.Type, Version: x.Version, CreateTime: stamp(x.Created), UpdateTime: stamp(x.Updated), Content: x.Content,
	}, err
}

func (s *Server) updateScript(ctx context.Context, in *wire.UpdateScriptInput) error {
	b := in.Body
	return s.Services.Scripts.Update(ctx, caller(ctx, in.Project), in.ScriptID, script.Change{Name: b.Name, Description: b.Description, Version: b.Version, Content: b.Content})
}

func (s *Server) deleteScript(ctx context.Context, in *wire.DeleteScriptInput) error {
	return s.Services.Scripts.Delete(ctx, caller(ctx, in.Project), in.ScriptID)
}

func (s *Server) executeScript(ctx context.Context, in *wire.ExecuteScriptOrCommandInput) (wire.ExecuteScriptOrCommandResponse, error) {
	b := in.Body
	id, err := s.Services.Scripts.Execute(ctx, script.Execute{
		Caller: caller(ctx, in.Project), Noun: "resource", PoolID: b.ResourceGroupID, IDs: b.ResourceIDs, ScriptIDs: b.ScriptIDs,
		Command: b.Command, AsUser: b.RunAs == asUser, Minutes: b.ExecutionTimeout, FirstCount: b.GrayCount, FirstIDs: b.GrayResourceIDs,
		Threshold: b.GrayFailThreshold, Finish: script.Finish(b.PostFinish),
	})
	return wire.ExecuteScriptOrCommandResponse{TaskID: id}, err
}

// asUser is the word for scripts that the desktop's user runs.
const asUser = "USER"

func (s *Server) executeScriptByTag(ctx context.Context, in *wire.ExecuteScriptByDesktopTagInput) (wire.ExecuteScriptByDesktopTagResponse, error) {
	b := in.Body
	tags, err := tagsAsked("desktop_tag", b.DesktopTag)
	if err == nil && len(tags.All) == 0 {
		err = workspace.Invalid("desktop_tag", "must have the form key=value")
	}
	if err != nil {
		return wire.ExecuteScriptByDesktopTagResponse{}, err
	}
	id, err := s.Services.Scripts.Execute(ctx, script.Execute{
		Caller: caller(ctx, in.Project), Noun: "desktop", Tags: tags, ScriptIDs: b.ScriptIDs,
		Command: b.CommandContent, AsUser: b.RunAs == asUser, Minutes: b.ExecutionTimeout, FirstCount: b.GrayCount, FirstIDs: b.GrayDesktopIDs,
		Threshold: b.GrayFailThreshold, Finish: script.Finish(b.PostFinish),
	})
	return wire.ExecuteScriptByDesktopTagResponse{TaskID: id}, err
}

func (s *Server) executePoolScript(ctx context.Context, in *wire.ExecuteDesktopPoolScriptInput) (wire.ExecuteDesktopPoolScriptResponse, error) {
	b := in.Body
	id, err := s.Services.Scripts.Execute(ctx, script.Execute{
		Caller: caller(ctx, in.Project), Noun: "desktop", PoolID: in.PoolID, IDs: b.DesktopIDs, ScriptIDs: b.ScriptIDs,
		Command: b.CommandContent, AsUser: b.RunAs == asUser, Minutes: b.ExecutionTimeout, FirstCount: b.GrayCount, FirstIDs: b.GrayDesktopIDs,
		Threshold: b.GrayFailThreshold, Finish: script.Finish(b.PostFinish),
	})
	return wire.ExecuteDesktopPoolScriptResponse{TaskID: id}, err
}

func (s *Server) retryScript(ctx context.Context, in *wire.RetryScriptExecutionInput) (wire.RetryScriptExecutionResponse, error) {
	id, err := s.Services.Scripts.Retry(ctx, script.Choice{Caller: caller(ctx, in.Project), TaskID: in.Body.TaskID, RecordID: in.Body.RecordID})
	return wire.RetryScriptExecutionResponse{TaskID: id}, err
}

func (s *Server) stopScript(ctx context.Context, in *wire.StopScriptExecutionInput) error {
	return s.Services.Scripts.Stop(ctx, script.Choice{Caller: caller(ctx, in.Project), TaskID: in.Body.TaskID, RecordID: in.Body.RecordID})
}
