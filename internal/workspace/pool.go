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
