//go:build unix

package listen

import "syscall"

// filesWanted is how many files one process should be able to open, if the system allows it.
const filesWanted = 65536

// Files raises the limit of open files as far as this process may, up to 65,536, and returns it. The Go run-time has raised the
// soft limit to the hard one already; only root can raise that.
func Files() (int, error) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0, err
	}
	if limit.Cur < filesWanted {
		raised := syscall.Rlimit{Cur: filesWanted, Max: max(limit.Max, filesWanted)}
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &raised); err == nil {
			return filesWanted, nil
		}
		raised = syscall.Rlimit{Cur: limit.Max, Max: limit.Max}
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &raised); err != nil {
			return int(limit.Cur), nil //nolint:nilerr // what there is must do
		}
		return int(limit.Max), nil
	}
	return int(min(limit.Cur, 1<<30)), nil
}

// The share of the files that connections get: a display takes up to three, and the database, the engine and the log need some.
const (
	filesKept          = 256
	filesPerConnection = 3
	maxConnections     = 16384
	minConnections     = 64
	maxPerAddress      = 2048
)

// ForFiles returns limits with defaults for those of l that are zero, low enough for this number of open files.
func (l Limits) ForFiles(files int) Limits {
	if l.Total == 0 {
		l.Total = min(max((files-filesKept)/filesPerConnection, minConnections), maxConnections)
	}
	if l.PerAddress == 0 {
		l.PerAddress = min(max(l.Total/4, 16), maxPerAddress)
	}
	l.Reserve = max(l.Total/10, 8)
	return l
}
