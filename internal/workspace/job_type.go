package workspace

// The job types of pools, in the words of the API.
const (
	JobCreatePool        JobType = "createDesktopPool"
	JobExpandPool        JobType = "expandDesktopPool"
	JobRebuildPool       JobType = "rebuildDesktopPool"
	JobAddPoolVolumes    JobType = "addDesktopPoolVolumes"
	JobDeletePoolVolumes JobType = "deleteDesktopPoolVolumes"
	JobExpandPoolVolumes JobType = "expandVolumes"
)

// JobNotifyPool shows a message in the sessions of a pool, one sub-job per desktop.
const JobNotifyPool JobType = "notifyDesktopPool"

// JobAttachPool adds the account of a user to the pool desktop that they have just got. It is not in PoolJobs, since there are
// always some.
const JobAttachPool JobType = "attachDesktopPool"

// JobRebuildDesktops gives single desktops a new system disk: those of a pool in resets (it is not in PoolJobs, since there are
// always some), and others on request.
const JobRebuildDesktops JobType = "rebuildDesktops"

// The jobs of disks of single desktops; JobExpandPoolVolumes enlarges theirs, too.
const (
	JobAddVolumes    JobType = "addVolumes"
	JobDeleteVolumes JobType = "deleteVolumes"
	JobVolumeSpeed   JobType = "modifyVolumesQos"
)

// The jobs of snapshots, in the words of the API.
const (
	JobTakeSnapshots    JobType = "createWksSnapshot"
	JobDeleteSnapshots  JobType = "deleteWksSnapshot"
	JobRestoreSnapshots JobType = "restoreDesktopBySnapshot"
)

// The jobs that give desktops another place in the networks: one desktop, or several.
const (
	JobChangeNetwork  JobType = "changeDesktopNetwork"
	JobChangeNetworks JobType = "batchChangeDesktopNetwork"
)

// JobApplyAddresses gives desktops public addresses.
const JobApplyAddresses JobType = "applyDesktopsInternet"

// JobResizePool gives a pool's desktops another product.
const JobResizePool JobType = "resizeDesktopPool"

// JobShareImages changes with whom images are shared, which has been done when the job is there: it has no sub-jobs.
const JobShareImages JobType = "shareImages"

// JobDesktopToImage makes an image of a desktop.
const JobDesktopToImage JobType = "desktopToImage"

// JobRenameDesktops gives desktops their new names inside.
const JobRenameDesktops JobType = "updateDesktops"

// JobNotifyDesktops shows a message in the sessions of desktops.
const JobNotifyDesktops JobType = "notifyDesktops"

// JobLogOffDesktops ends the sessions in desktops.
const JobLogOffDesktops JobType = "logoffDesktops"

// JobResizeDesktops gives single desktops another product.
const JobResizeDesktops JobType = "resizeDesktops"

// JobHashPasswords hashes the passwords of users who were added together, which takes some 50 ms each. Until then a password is
// stored encrypted with the key of the data directory, and can be used like a hashed one.
const JobHashPasswords JobType = "hashPasswords"

// JobExecuteScripts runs scripts or a command in desktops, one sub-job per desktop.
const JobExecuteScripts JobType = "executeScripts"

// The jobs of a project's service. The first creates its networks; the others have ended when their id is returned.
const (
	JobOpenService   JobType = "applyWorkspace"
	JobCloseService  JobType = "cancelWorkspace"
	JobUpdateService JobType = "updateWorkspace"
	JobUnlockService JobType = "unlockWorkspace"
)
