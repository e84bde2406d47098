package signin_test

import (
	"testing"

	"carrel/internal/workspace"
)

func TestHashTokenIsSHA256(t *testing.T) {
	const want = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" // FIPS 180-2, appendix B.1
	if got := workspace.HashToken("abc"); got != want {
		t.Errorf("HashToken(abc) = %s", got)
	}
}
