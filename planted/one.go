//go:build planted

package planted

import (
	"os"
	"slices"
)

// Variable is the environment variable that names the bug; empty: none.
const Variable = "PARLEY_PLANTED"

var planted = named(Bug(os.Getenv(Variable)))

// Is tells whether the bug is the one that was asked for.
func Is(b Bug) bool { return b == planted }

// named is the bug of that name. A name that is none ends the program: a test
// that asks for it would look at a product without a bug.
func named(b Bug) Bug {
	if b != "" && !slices.Contains(Bugs(), b) {
		panic(Variable + ": there is no bug " + string(b))
	}
	return b
}
