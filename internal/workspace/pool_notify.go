package workspace

// JobNotifyPool shows a message in the sessions of a pool, one desktop each.
const JobNotifyPool JobType = "notifyDesktopPool"
