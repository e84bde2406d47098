package desktop

// Off says whether the desktop must be started before it can be opened.
func (m Member) Off() bool { return m.Status == StatusShutoff || m.Status == StatusHibernated }
