package signin_test

import (
	"testing"

	"carrel/internal/desktop/desktoptest"
	"carrel/internal/store/storetest"
)

// env is the fixture of the room's rows.
type env struct{ *desktoptest.Env }

func TestRows(t *testing.T) {
	storetest.RunRows(t, func(e *storetest.Env) *env { return &env{desktoptest.NewEnv(e)} }, map[string]map[string]func(*env){
		"SignIns": signIns,
		"OTP":     otp,
		"Configs": otpConfigs,
		"Rules":   rules,
	})
}
