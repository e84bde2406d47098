package workspace

// JobAttachPool brings the account of somebody who has just got a pool's desktop into it. It is not among PoolJobs, because
// people's comings and goings never end.
const JobAttachPool JobType = "attachDesktopPool"
