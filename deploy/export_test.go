package deploy

// What the tests of this folder look at beside the exported.
const (
	AlarmMetrics = alarmMetrics
	PageFiles    = pageFiles
	StoredBytes  = storedBytes
)

// Step is a step, with its seconds.
type Step struct{ Reads, Writes, Calls, Frames, Bytes float64 }

// StepsIn are the model's steps by name.
func StepsIn(room float64) map[string]Step {
	s, all := stepsIn(room), map[string]Step{}
	for name, one := range map[string]step{
		"connect": s.connect, "hello": s.hello, "message": s.message, "typing": s.typing, "ping": s.ping, "disconnect": s.disconnect, "sweep": s.sweep,
	} {
		all[name] = Step{one.reads, one.writes, one.calls, one.frames, one.bytes}
	}
	return all
}

// Seconds is how long the function takes for it, as the model has it.
func (s Step) Seconds() float64 {
	return step{s.Reads, s.Writes, s.Calls, s.Frames, s.Bytes}.seconds()
}
