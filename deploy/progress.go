package deploy

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// silence is how long nothing is told before it is said what is waited for.
const silence = 30 * time.Second

// progress tells the events of one operation as they come, each with the time
// since the operation began.
type progress struct {
	console *Console
	start   time.Time            // by AWS's clock
	began   map[string]time.Time // what is under way, by AWS's clock
	kinds   map[string]string    // of what was told
	latest  time.Time            // of the events told, by AWS's clock
	told    time.Time            // when the latest line was printed, by ours
	heard   time.Time            // when the latest event came, by ours
}

func (p *progress) tell(e types.StackEvent) {
	at, name, text := aws.ToTime(e.Timestamp), aws.ToString(e.LogicalResourceId), string(e.ResourceStatus)
	if p.start.IsZero() {
		p.start = at
	}
	p.latest, p.heard = at, time.Now()
	k := kindOf(aws.ToString(e.ResourceType))
	if isStack(e) {
		if strings.Contains(text, "ROLLBACK_IN_PROGRESS") {
			clear(p.began)
			p.console.printf("%6s  undo what was done, since not all can be done\n", clock(at.Sub(p.start)))
		}
		return
	}
	p.kinds[name] = k.name
	verb, done := verbs(text)
	switch {
	case strings.HasSuffix(text, "_IN_PROGRESS"):
		if _, known := p.began[name]; known {
			return
		}
		p.began[name] = at
		if k.usual != "" && verb != "change" {
			p.line(at, verb, name, k.name+", "+k.usual)
		}
	case strings.HasSuffix(text, "_FAILED"):
		delete(p.began, name)
		if reason := aws.ToString(e.ResourceStatusReason); !cancelled(reason) {
			p.line(at, "FAILED", name, k.name+": "+plain(reason))
		}
	default:
		took := ""
		if from, known := p.began[name]; known && at.Sub(from) >= time.Second {
			took = ", " + clock(at.Sub(from))
		}
		delete(p.began, name)
		p.line(at, done, name, k.name+took)
	}
}

// verbs are what is done, and what was done, in a resource's status.
func verbs(status string) (doing, done string) {
	switch {
	case strings.HasPrefix(status, "CREATE"):
		return "make", "made"
	case strings.HasPrefix(status, "UPDATE"):
		return "change", "changed"
	case status == "DELETE_SKIPPED":
		return "keep", "kept"
	default:
		return "remove", "removed"
	}
}

// tick says now and then what is waited for.
func (p *progress) tick() {
	if p.heard.IsZero() || time.Since(p.told) < silence {
		return
	}
	now := p.latest.Add(time.Since(p.heard))
	longest := ""
	for name, from := range p.began {
		if longest == "" || from.Before(p.began[longest]) {
			longest = name
		}
	}
	if longest != "" {
		p.line(now, "wait", longest, p.kinds[longest]+", for "+clock(now.Sub(p.began[longest]))+" so far")
	}
}

func (p *progress) line(at time.Time, verb, name, about string) {
	p.told = time.Now()
	p.console.printf("%6s  %-8s %-26s %s\n", clock(at.Sub(p.start)), verb, name, about)
}
