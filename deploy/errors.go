package deploy

// Kind tells a program why a command ended. The command line makes an exit code of it.
type Kind int

const (
	Failed       Kind = iota
	Misused           // a flag has no sense
	NotSignedIn       // no credentials, expired ones, or AWS does not know them
	NotPermitted      // AWS knows the caller, and the caller may not do that
	Unreachable       // no way to AWS: network, name, certificate
	Refused           // AWS could not do it and went back, or would lose messages
	Unconfirmed       // nobody said yes
	Unwell            // status found something to look at
	Interrupted       // Ctrl-C; what AWS has begun goes on
)

// Error is for the one who typed the command: what went wrong, and what to do.
type Error struct {
	Kind    Kind
	Message string
	Hint    string
	Err     error // the cause, when there is one; its text is in Message where it helps
}

func (e *Error) Error() string { return e.Message }
func (e *Error) Unwrap() error { return e.Err }
