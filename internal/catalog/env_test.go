package catalog_test

import (
	"testing"

	"carrel/internal/pool/pooltest"
	"carrel/internal/store/storetest"
)

// env is the fixture of the room's rows.
type env struct{ *pooltest.Env }

func TestRows(t *testing.T) {
	storetest.RunRows(t, func(e *storetest.Env) *env { return &env{pooltest.NewEnv(e)} }, map[string]map[string]func(*env){
		"Catalog":         catalogs,
		"CloudImages":     cloudImages,
		"Networks":        networks,
		"DefaultNetworks": defaultNetworks,
	})
}
