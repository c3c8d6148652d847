// Package planted marks the places where a bug is planted into the product, to
// see that the fault harness (e2e/faults) finds it. Only builds with the tag
// planted have any bug in them, the one that PARLEY_PLANTED names. In every
// other build Is is a constant, and the compiler takes the marked lines away.
package planted

// Bug is one way to get a chat wrong.
type Bug string

const (
	EarlyAcknowledgement Bug = "early-acknowledgement" // sqlite answers before it commits
	NoDedupe             Bug = "no-dedupe"             // sqlite and dynamo do not know a client's id again: sent twice is said twice
	Reorder              Bug = "wrong-order"           // chat posts the messages of one round the wrong way round
	ResumeOffByOne       Bug = "resume-off-by-one"     // chat leaves out the first message after a position
	BlockingBroadcast    Bug = "blocking-broadcast"    // gateway waits for each reader
	UnboundedQueue       Bug = "unbounded-queue"       // gateway keeps whatever a slow reader does not take
	NoReaping            Bug = "no-reaping"            // gateway gives nobody up who is silent
	NoChecksum           Bug = "no-checksum"           // sqlite serves what it finds
	NoSync               Bug = "no-sync"               // sqlite does not wait for the disk
	EpochKept            Bug = "epoch-kept"            // sqlite does not notice that the file was restored
	StaleMember          Bug = "stale-member"          // chat leaves members in their rooms when they are gone
	IgnoredFailure       Bug = "ignored-failure"       // sqlite acknowledges what it could not commit
	DescriptorLeak       Bug = "descriptor-leak"       // gateway forgets sockets without closing them
	OverwrittenEntry     Bug = "overwritten-entry"     // dynamo puts an entry where another one is
	LostEdit             Bug = "lost-edit"             // chat appends an edit and leaves its message as it was
	ClockTrusted         Bug = "clock-trusted"         // sqlite believes that the clock is never set back
	LostClaim            Bug = "lost-claim"            // dynamo takes a claim that is there for a message that is there
)

// Bugs are all of them.
func Bugs() []Bug {
	return []Bug{
		EarlyAcknowledgement, NoDedupe, Reorder, ResumeOffByOne, BlockingBroadcast, UnboundedQueue, NoReaping, NoChecksum,
		NoSync, EpochKept, StaleMember, IgnoredFailure, DescriptorLeak, OverwrittenEntry, LostClaim,
		LostEdit, ClockTrusted,
	}
}
