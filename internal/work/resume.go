package work

import (
	"carrel/internal/desktop"
	"carrel/internal/network"
	"carrel/internal/pool"
	"carrel/internal/pool/reshape"
	"carrel/internal/snapshot"
	"carrel/internal/workspace"
)

// resume sets the state and task of the desktop of a failed sub-job again when its job is retried.
func resume(d *desktop.Desktop, s workspace.SubJob) error {
	if _, waits := workspace.AccountJobs[s.Type]; !waits && d.Task != workspace.NoTask && d.TaskOwner != s.ID {
		return workspace.Errorf(workspace.CodeConflict, "desktop %s is busy (%s), try again when it is done", d.Name, d.Task)
	}
	switch s.Type {
	case workspace.JobCreateDesktops, workspace.JobCreatePool, workspace.JobExpandPool:
		d.Status, d.Task = desktop.StatusCreating, workspace.TaskCreating
	case workspace.JobDeleteDesktops:
		d.Task = workspace.TaskDeleting
	case workspace.JobOperateDesktops:
		p, err := workspace.ReadParams[desktop.PowerParams](s)
		if err != nil {
			return err
		}
		next, err := desktop.ApplyPowerAction(*d, p.Action, p.Force)
		if err != nil {
			return err
		}
		*d = next
	case workspace.JobAttachPool:
		d.Task = workspace.TaskAttaching
	case workspace.JobRebuildPool:
		return nil // the rollout makes them owners when their turn comes (retryRebuild)
	case workspace.JobLogOffDesktops:
		return nil // it becomes the owner when people have had their time
	case workspace.JobRebuildDesktops:
		if s.PoolID == "" {
			return nil // likewise
		}
		p, err := workspace.ReadParams[pool.ResetParams](s)
		if err != nil {
			return err
		}
		if p.Wipe && len(d.Assignments) > 0 {
			return workspace.Errorf(workspace.CodeConflict, "desktop %s was assigned in the meantime; a reset would delete the user's files", d.Name)
		}
		d.Task, d.Login = desktop.TaskRebuilding, desktop.LoginUnregistered
	case workspace.JobResizePool, workspace.JobResizeDesktops, workspace.JobAddPoolVolumes, workspace.JobDeletePoolVolumes, workspace.JobExpandPoolVolumes,
		workspace.JobAddVolumes, workspace.JobDeleteVolumes, workspace.JobVolumeSpeed:
		if err := reshape.MayReshape(*d); err != nil {
			return err
		}
		d.Task = reshape.ReshapeTasks[s.Type]
	case workspace.JobDesktopToImage:
		if err := d.MayWork(desktop.StatusShutoff); err != nil {
			return err
		}
		d.Task = workspace.TaskToImage
	case workspace.JobTakeSnapshots, workspace.JobDeleteSnapshots, workspace.JobRestoreSnapshots:
		if err := snapshot.MayChange(*d); err != nil {
			return err
		}
		d.Task = snapshot.Tasks[s.Type]
	case workspace.JobChangeNetwork, workspace.JobChangeNetworks:
		if err := d.MayWork(desktop.StatusActive, desktop.StatusShutoff, desktop.StatusError); err != nil {
			return err
		}
		d.Task = network.TaskMoving
	case workspace.JobAttachDesktops, workspace.JobDetachDesktops, workspace.JobBatchDetach, workspace.JobPrivileges, workspace.JobRenameUser,
		workspace.JobRenameDesktops:
		return nil // it becomes the owner when its turn comes
	case workspace.JobApplyAddresses:
		return nil // likewise
	case workspace.JobNotifyPool, workspace.JobNotifyDesktops, workspace.JobHashPasswords, workspace.JobExecuteScripts:
		return nil // it does not own a desktop
	case workspace.JobOpenService, workspace.JobCloseService, workspace.JobUpdateService, workspace.JobUnlockService, workspace.JobShareImages:
		return nil // likewise
	}
	d.TaskOwner, d.Fault = s.ID, ""
	return nil
}
