// Package telemetry provides logging, metrics and health checks.
package telemetry
