// Package quota says how much a project may have (desktops, processors, memory, disks, users), counts what it has, and refuses what would be
// more. The operator sets quotas; by default there are none.
package quota
