//go:build !unix

package gateway

import "math"

// descriptors tells how many files this process may open: Windows knows no such limit.
func descriptors() int { return math.MaxInt32 }
