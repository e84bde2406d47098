package api

import (
	"context"
	"time"

	"carrel/internal/api/wire"
	"carrel/internal/script"
	"carrel/internal/workspace"
)

func (s *Server) listScriptTasks(ctx context.Context, in *wire.ListScriptTasksInput) (wire.ListScriptTasksResponse, error) {
	ordered, err := spanAsked(in.ExecuteTimeStart, in.ExecuteTimeEnd)
	if err != nil {
		return wire.ListScriptTasksResponse{}, err
	}
	tasks, total, err := s.Services.Scripts.Tasks(ctx, script.TaskQuery{
		ProjectID: in.ProjectID, IDs: split[string](in.TaskID...), PoolIDs: split[string](in.ResourceGroupID...), Pools: in.ResourceGroupType != "",
		ScriptID: in.ScriptID, ScriptName: in.ScriptName, Status: script.Status(in.Status), Type: script.Kind(in.TaskType), Ordered: ordered,
		Visible: visibleTo(ctx), Page: workspace.Page{Offset: in.Offset, Limit: in.Limit},
	})
	return wire.ListScriptTasksResponse{Count: total, ScriptTasks: each(tasks, func(t script.Task) wire.ScriptTaskInfo {
		return wire.ScriptTaskInfo{
			ID: t.ID, TaskScripts: each(scriptsOf(t), func(p script.Piece) wire.ScriptTaskInfoTaskScripts {
				return wire.ScriptTaskInfoTaskScripts{ID: p.ScriptID, Name: p.Name}
			}),
			ResourceType: resourceOfScripts, ResourceIDs: each(t.Desktops, same), GrayResourceIDs: each(t.First, same), SuccessNum: t.Succeeded,
			FailedNum: t.Failed, SkipNum: t.Skipped, StartTime: stamp(t.Created), EndTime: stamp(t.Ended), Status: string(t.Status),
		}
	})}, err
}

// resourceOfScripts is the type of all resources that scripts run in.
const resourceOfScripts = "DESKTOP"

func same(id string) string { return id }

// scriptsOf returns the scripts of a task, none for a command.
func scriptsOf(t script.Task) []script.Piece {
	if t.Type == script.KindCommand {
		return nil
	}
	return t.Scripts
}

func (s *Server) listPoolScriptTasks(ctx context.Context, in *wire.ShowDesktopPoolsScriptExecTasksInput) (wire.ShowDesktopPoolsScriptExecTasksResponse, error) {
	ordered, err := spanAsked(in.ExecuteTimeStart, in.ExecuteTimeEnd)
	if err != nil {
		return wire.ShowDesktopPoolsScriptExecTasksResponse{}, err
	}
	status := script.Status(in.Status)
	switch status {
	case script.Succeeded:
		status = script.TaskFinished
	case script.Waiting:
		status = script.TaskInit
	default: // the task's own word
	}
	tasks, total, err := s.Services.Scripts.Tasks(ctx, script.TaskQuery{
		ProjectID: in.ProjectID, IDs: split[string](in.TaskID...), PoolIDs: split[string](in.DesktopPoolID), Pools: true, ScriptID: in.ScriptID, ScriptName: in.ScriptName,
		Status: status, Type: script.Kind(in.TaskType), Ordered: ordered, Visible: visibleTo(ctx), ByPool: true, Page: workspace.Page{Offset: in.Offset, Limit: in.Limit},
	})
	return wire.ShowDesktopPoolsScriptExecTasksResponse{TotalCount: total, ScriptExecutionTasks: each(tasks, poolTaskOf)}, err
}

func poolTaskOf(t script.Task) wire.ScriptExecutionTask {
	out := wire.ScriptExecutionTask{
		ID: t.ID, DesktopPoolID: t.PoolID, DesktopPoolName: t.PoolName, StartTime: stamp(t.Created), EndTime: stamp(t.Ended), Status: string(t.Status),
		Scripts:    each(scriptsOf(t), func(p script.Piece) wire.Script { return wire.Script{ID: p.ScriptID, Name: p.Name} }),
		SuccessNum: t.Succeeded, FailedNum: t.Failed, SkipNum: t.Skipped,
	}
	if t.Type == script.KindCommand {
		out.CommandContent, out.CommandType = t.Scripts[0].Content, script.Shell
	}
	return out
}

func (s *Server) listScriptRecords(ctx context.Context, in *wire.ListScriptRecordsInput) (wire.ListScriptRecordsResponse, error) {
	ordered, err := spanAsked(in.ExecuteTimeStart, in.ExecuteTimeEnd)
	if err != nil {
		return wire.ListScriptRecordsResponse{}, err
	}
	records, total, err := s.Services.Scripts.Records(ctx, script.RecordQuery{
		ProjectID: in.ProjectID, TaskID: in.ScriptTaskID, PoolIDs: split[string](in.ResourceGroupID...), DesktopIDs: split[string](in.ResourceID...),
		ScriptIDs: split[string](in.ScriptID...), ScriptNames: in.ScriptName, Status: script.Status(in.Status), Type: script.Kind(in.TaskType),
		First: in.IsFirstOrder.Pointer(), History: in.ShowHistory, Ordered: ordered, Visible: visibleTo(ctx), Page: workspace.Page{Offset: in.Offset, Limit: in.Limit},
	})
	return wire.ListScriptRecordsResponse{Count: total, ScriptRecords: each(records, func(r script.Record) wire.ScriptRecordSimpleInfo {
		return wire.ScriptRecordSimpleInfo{
			ID: r.ID, ScriptID: r.ScriptID, ScriptName: r.ScriptName, ScriptTaskID: r.TaskID, ResourceID: r.DesktopID, ResourceName: r.DesktopName,
			ResourceType: resourceOfScripts, StartTime: stamp(r.Begun), EndTime: stamp(r.Ended), Status: string(r.Status), ExecuteOrder: r.Batch,
			ResultCode: r.ResultCode, Reason: r.Reason,
		}
	})}, err
}

func (s *Server) showScriptRecord(ctx context.Context, in *wire.ShowScriptRecordDetailInput) (wire.ShowScriptRecordDetailResponse, error) {
	r, err := s.Services.Scripts.Record(ctx, in.ProjectID, in.RecordID)
	return wire.ShowScriptRecordDetailResponse{
		ID: r.ID, ScriptID: r.ScriptID, ScriptName: r.ScriptName, ScriptTaskID: r.TaskID, ResourceID: r.DesktopID, ResourceName: r.DesktopName,
		ResourceType: resourceOfScripts, StartTime: stamp(r.Begun), EndTime: stamp(r.Ended), Status: string(r.Status), ExecuteOrder: r.Batch,
		ResultCode: r.ResultCode, Reason: r.Reason, Output: r.Output,
	}, err
}

// spanAsked reads the times of the filters of tasks and records.
func spanAsked(from, to string) (s script.Span, err error) {
	if s.From, err = timeAsked("execute_time_start", from); err == nil {
		s.To, err = timeAsked("execute_time_end", to)
	}
	return s, err
}

// timeAsked reads a time, zero for an empty text.
func timeAsked(field, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || t.Year() < 1970 || t.Year() > 9999 {
		return time.Time{}, workspace.Invalid(field, "%q must be a time of the years 1970 to 9999, such as 2026-10-01T12:00:00Z", workspace.Clip(text, 40))
	}
	return t, nil
}
