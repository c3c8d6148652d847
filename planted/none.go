//go:build !planted

package planted

// Is tells whether this build has the bug: never.
func Is(Bug) bool { return false }
