package workspace

// The types of job that pools have, in the API's own words.
const (
	JobCreatePool        JobType = "createDesktopPool"
	JobExpandPool        JobType = "expandDesktopPool"
	JobRebuildPool       JobType = "rebuildDesktopPool"
	JobAddPoolVolumes    JobType = "addDesktopPoolVolumes"
	JobDeletePoolVolumes JobType = "deleteDesktopPoolVolumes"
	JobExpandPoolVolumes JobType = "expandVolumes"
)

// JobNotifyPool shows a message in the sessions of a pool, one desktop each.
const JobNotifyPool JobType = "notifyDesktopPool"

// JobAttachPool brings the account of somebody who has just got a pool's desktop into it. It is not among PoolJobs, because
// people's comings and goings never end.
const JobAttachPool JobType = "attachDesktopPool"

// JobRebuildDesktops gives single desktops a new system disk. Pools use it for resets; it is not among PoolJobs, because people's
// comings and goings never end.
const JobRebuildDesktops JobType = "rebuildDesktops"

// JobResizePool gives a pool's desktops another product.
const JobResizePool JobType = "resizeDesktopPool"

// JobHashPasswords hashes the passwords of people who were added many at once, which takes some 50 ms each. Until a password's turn
// comes it is kept sealed with the key of the data directory, and opens like a hashed one.
const JobHashPasswords JobType = "hashPasswords"
