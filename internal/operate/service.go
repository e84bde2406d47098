package operate

import "carrel/internal/store"

// Service operates desktops. Each method is one transaction; the job runner does the work on machines. It is safe for concurrent use,
// also by several processes on one database: the rows of the desktops decide.
type Service struct{ Store store.Transactions }
