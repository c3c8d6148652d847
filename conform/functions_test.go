package conform

import (
	"slices"
	"testing"

	"parley/e2e"
)

// The Lambda program itself, behind what behaves as API Gateway and Lambda do,
// over an emulator of DynamoDB.
func TestFunctions(t *testing.T) {
	t.Parallel()
	holds(t, functions(t))
}

// The same with what API Gateway does not promise taken away: order, and that
// every $disconnect comes.
func TestFunctionsWithJitter(t *testing.T) {
	t.Parallel()
	holds(t, functions(t, "--jitter", "30ms"))
}

// functions runs parley serve --functions over a table of its own, or skips the
// test where there is no emulator. On one table each of two servers would take
// the other's connections for gone.
func functions(t *testing.T, flags ...string) Target {
	t.Helper()
	endpoint := e2e.DynamoDB(t)
	binary, err := bootstrap()
	if err != nil {
		t.Fatal(err)
	}
	table := []string{"--dynamodb-endpoint", endpoint, "--table", t.Name()}
	target, _ := program(t, slices.Concat([]string{"--management", "127.0.0.1:0", "--functions", binary}, table, flags)...)
	target.Operator = operatorLink(t, table...)
	return target
}
