package catalog_test

import (
	"testing"

	"pgregory.net/rapid"

	"carrel/internal/catalog"
)

// The least speed is possible for every disk, whatever its size; a larger disk can do all that a smaller one can.
func TestSpeedsGrowWithDisks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gb := rapid.IntRange(10, 32760).Draw(t, "gb")
		speed := catalog.Speed{IOPS: rapid.IntRange(-1, 200000).Draw(t, "iops"), Throughput: rapid.IntRange(-1, 2000).Draw(t, "throughput")}
		if err := catalog.CheckSpeed("v", catalog.GeneralPurposeV2, gb, catalog.Speed{IOPS: catalog.MinIOPS, Throughput: catalog.MinThroughput}); err != nil {
			t.Fatal(err)
		}
		if catalog.CheckSpeed("v", catalog.GeneralPurposeV2, gb, speed) != nil {
			return
		}
		if err := catalog.CheckSpeed("v", catalog.GeneralPurposeV2, gb+10, speed); err != nil {
			t.Fatal(err)
		}
		if speed.IOPS < catalog.MinIOPS || speed.IOPS > catalog.MaxIOPS || speed.Throughput < catalog.MinThroughput || speed.Throughput > catalog.MaxThroughput {
			t.Fatalf("%+v is allowed", speed)
		}
		if err := catalog.CheckSpeed("v", "SAS", gb, speed); err == nil {
			t.Fatal("a disk of another type takes a speed")
		}
	})
}
