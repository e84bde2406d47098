// Package sink sends the chain of audit records elsewhere, record by record as they are linked: to a file of JSON lines, and to syslog.
package sink
