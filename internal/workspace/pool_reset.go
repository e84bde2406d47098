package workspace

// JobRebuildDesktops gives single desktops a new system disk. Pools use it for resets; it is not among PoolJobs, because people's
// comings and goings never end.
const JobRebuildDesktops JobType = "rebuildDesktops"
