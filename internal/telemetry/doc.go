// Package telemetry is how Carrel tells what it does: the log, the metrics, and whether it is alive and ready.
package telemetry
