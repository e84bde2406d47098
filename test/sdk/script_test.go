package sdk

import (
	"testing"
	"time"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/workspace/v2/model"
)

// task waits for the end of a task and returns it.
func (e *env) task(id string) model.ScriptTaskInfo {
	e.Helper()
	var task model.ScriptTaskInfo
	e.eventually("task "+id, func() bool {
		list := call(e, e.ListScriptTasks, &model.ListScriptTasksRequest{TaskId: &[]string{id}})
		if *list.Count != 1 {
			e.Fatalf("%d tasks are called %s", *list.Count, id)
		}
		task = (*list.ScriptTasks)[0]
		return task.EndTime != nil
	})
	return task
}

func (e *env) records(taskID string) []model.ScriptRecordSimpleInfo {
	e.Helper()
	return *call(e, e.ListScriptRecords, &model.ListScriptRecordsRequest{ScriptTaskId: &taskID}).ScriptRecords
}

func TestScripts(t *testing.T) {
	e := newEnv(t)
	shell := model.GetCreateScriptReqTypeEnum().SHELL
	id := *call(e, e.CreateScript, &model.CreateScriptRequest{Body: &model.CreateScriptReq{Name: "mine", Type: shell, Content: "echo one"}}).ScriptId
	call(e, e.UpdateScript, &model.UpdateScriptRequest{ScriptId: id, Body: &model.UpdateScriptReq{Name: "yours", Content: "echo two; exit 4", Version: new("2")}})
	list := call(e, e.ListScripts, &model.ListScriptsRequest{Name: new("OUR")})
	if s := (*list.Scripts)[0]; *list.Count != 1 || *s.Id != id || *s.Version != "2" || time.Time(*s.UpdateTime).Before(time.Time(*s.CreateTime)) {
		t.Errorf("after the change: %v", list)
	}
	desktops := e.create(e.order("ann", "bob"))
	run := call(e, e.ExecuteScriptOrCommand, &model.ExecuteScriptOrCommandRequest{Body: &model.ExecuteScriptOrCommandReq{
		ResourceType: new("DESKTOP"), ResourceIds: &desktops, ScriptIds: &[]string{id}, GrayCount: new(int32(1)), ExecutionTimeout: new(int32(5)),
	}})
	if task := e.task(*run.TaskId); *task.Status != "FAILED" || *task.FailedNum != 1 || *task.SkipNum != 1 || len(*task.GrayResourceIds) != 1 || len(*task.ResourceIds) != 2 {
		t.Errorf("the task: %v", task)
	}
	for _, r := range e.records(*run.TaskId) {
		detail := call(e, e.ShowScriptRecordDetail, &model.ShowScriptRecordDetailRequest{RecordId: *r.Id})
		if *r.ExecuteOrder == 1 && (*detail.Status != "FAILED" || *detail.ResultCode != "4" || *detail.Output != "two\n") || *r.ExecuteOrder == 2 && *detail.Status != "SKIPPED" {
			t.Errorf("a record: %v", detail)
		}
	}
	call(e, e.RetryScriptExecution, &model.RetryScriptExecutionRequest{Body: &model.RetryScriptExecutionReq{TaskId: run.TaskId}})
	e.task(*run.TaskId)
	call(e, e.StopScriptExecution, &model.StopScriptExecutionRequest{Body: &model.StopScriptExecutionReq{TaskId: run.TaskId}})
	call(e, e.DeleteScript, &model.DeleteScriptRequest{ScriptId: id})
	refused(e, e.ShowScriptDetail, &model.ShowScriptDetailRequest{ScriptId: id}, 404, "WKS.00010025")
	if s := call(e, e.ShowScriptDetail, &model.ShowScriptDetailRequest{ScriptId: id, ScriptTaskId: run.TaskId}); *s.Content != "echo two; exit 4" {
		t.Errorf("the script of the task: %v", s)
	}
	refused(e, e.ShowScriptRecordDetail, &model.ShowScriptRecordDetailRequest{RecordId: "x"}, 404, "WKS.00010026")
	refused(e, e.CreateScript, &model.CreateScriptRequest{Body: &model.CreateScriptReq{Name: "w", Type: model.GetCreateScriptReqTypeEnum().BAT, Content: "x"}}, 400, "WKS.00010002")
}

func TestScriptsOfTagsAndPools(t *testing.T) {
	e := newEnv(t)
	o := e.order("ann", "bob")
	o.Tags = &[]model.Tag{{Key: "team", Value: new("red")}}
	e.create(o)
	tagged := call(e, e.ExecuteScriptByDesktopTag, &model.ExecuteScriptByDesktopTagRequest{Body: &model.ExecuteScriptByDesktopTagReq{
		DesktopTag: "team=red", CommandContent: new("echo red"), CommandType: new(model.GetExecuteScriptByDesktopTagReqCommandTypeEnum().SHELL),
	}})
	if task := e.task(*tagged.TaskId); *task.Status != "FINISH" || *task.SuccessNum != 2 {
		t.Errorf("the task of the tag: %v", task)
	}
	refused(e, e.ExecuteScriptByDesktopTag, &model.ExecuteScriptByDesktopTagRequest{Body: &model.ExecuteScriptByDesktopTagReq{
		DesktopTag: "team=blue", CommandContent: new("echo blue"),
	}}, 409, "WKS.00010032")
	refused(e, e.ExecuteDesktopPoolScript, &model.ExecuteDesktopPoolScriptRequest{PoolId: "x", Body: &model.ExecuteDesktopPoolScriptsReq{
		CommandContent: new("true"),
	}}, 404, "WKS.00010018")
	pool := e.pool(e.poolOrder("Scripted", 2))
	run := call(e, e.ExecuteDesktopPoolScript, &model.ExecuteDesktopPoolScriptRequest{PoolId: *pool.Id, Body: &model.ExecuteDesktopPoolScriptsReq{
		CommandContent: new("echo pool"), CommandType: new(model.GetExecuteDesktopPoolScriptsReqCommandTypeEnum().SHELL), GrayCount: new(int32(1)),
	}})
	if task := e.task(*run.TaskId); *task.Status != "FINISH" || *task.SuccessNum != 2 {
		t.Errorf("the task of the pool: %v", task)
	}
	list := call(e, e.ShowDesktopPoolsScriptExecTasks, &model.ShowDesktopPoolsScriptExecTasksRequest{DesktopPoolId: pool.Id, Status: new("SUCCESS")})
	if one := (*list.ScriptExecutionTasks)[0]; *list.TotalCount != 1 || *one.Id != *run.TaskId || *one.DesktopPoolName != "Scripted" || *one.CommandContent != "echo pool" {
		t.Errorf("the tasks of the pool: %v", list)
	}
}
