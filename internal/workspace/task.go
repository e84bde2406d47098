package workspace

// Task is what a job is doing to a desktop. While it is set, no other job may own the desktop.
type Task string

// The tasks, in the words of the API.
const (
	NoTask          Task = ""
	TaskCreating    Task = "spawning"
	TaskPoweringOn  Task = "powering-on"
	TaskPoweringOff Task = "powering-off"
	TaskRebooting   Task = "rebooting"
	TaskRebootHard  Task = "rebooting_hard"
	TaskHibernating Task = "hibernating"
	TaskDeleting    Task = "deleting"
	TaskAttaching   Task = "attaching"
	TaskDetaching   Task = "DesktopDetaching"
	TaskPrivileges  Task = "userPrivilegeGroupChanging"
	TaskUpdating    Task = "updating"
	TaskLoggingOff  Task = "loggingOff"
	TaskToImage     Task = "desktopToImage"
)
