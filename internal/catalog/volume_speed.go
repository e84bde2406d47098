package catalog

import "carrel/internal/workspace"

// GeneralPurposeV2 is the volume type whose speed is ordered; all others have one of their own.
const GeneralPurposeV2 = "GPSSD2"

// Speed is what a disk of GeneralPurposeV2 is ordered to do; zero for all other disks.
type Speed struct {
	IOPS       int `json:"iops,omitempty" bun:"iops"`             // operations per second
	Throughput int `json:"throughput,omitempty" bun:"throughput"` // MiB per second
}

// The speeds that can be ordered. More than MinIOPS needs a larger disk, and more than MinThroughput more operations.
const (
	MinIOPS           = 3000
	MaxIOPS           = 128000
	IOPSPerGB         = 500
	MinThroughput     = 125
	MaxThroughput     = 1000
	IOPSPerThroughput = 4
)

// CheckSpeed returns why a disk of a type and size cannot have a speed, or nil. CodeUnsupported for types whose speed is not ordered.
func CheckSpeed(field, volumeType string, gb int, s Speed) error {
	if volumeType != GeneralPurposeV2 {
		why := "disks of type " + volumeType + " have the speed of their type here; leave it out, or use type " + GeneralPurposeV2
		switch {
		case s.IOPS != 0:
			return workspace.Unsupported(field+".iops", why)
		case s.Throughput != 0:
			return workspace.Unsupported(field+".throughput", why)
		}
		return nil
	}
	mostIOPS := min(MaxIOPS, max(MinIOPS, gb*IOPSPerGB))
	mostThroughput := min(MaxThroughput, max(MinThroughput, s.IOPS/IOPSPerThroughput))
	switch {
	case s.IOPS < MinIOPS || s.IOPS > mostIOPS:
		return workspace.Invalid(field+".iops", "%d is out of range, use %d to %d for a disk of %d GB and type %s", s.IOPS, MinIOPS, mostIOPS, gb, GeneralPurposeV2)
	case s.Throughput < MinThroughput || s.Throughput > mostThroughput:
		return workspace.Invalid(field+".throughput", "%d MiB/s is out of range, use %d to %d for a disk with %d IOPS", s.Throughput, MinThroughput, mostThroughput, s.IOPS)
	}
	return nil
}
