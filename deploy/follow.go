package deploy

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// outcome is how an operation of CloudFormation ended.
type outcome struct {
	status types.ResourceStatus // the stack's
	events []types.StackEvent   // all of the operation, oldest first
	took   time.Duration
}

// follow tells what CloudFormation does to a stack until it is done. mark is the
// id of the last event before the operation. What breaks between here and AWS
// stops nothing there, so it is waited for; only ctx's end, missing rights and
// expired credentials end it early.
func (s *Stack) follow(ctx context.Context, stack, mark string) (outcome, error) {
	var o outcome
	p := progress{console: &s.console, began: map[string]time.Time{}, kinds: map[string]string{}, told: time.Now()}
	lost := false
	for {
		fresh, err := s.eventsSince(ctx, stack, mark)
		switch {
		case err == nil && lost:
			s.console.printf("AWS is back\n")
			lost = false
		case err != nil && ctx.Err() != nil:
			return o, s.goesOn()
		case err != nil && !passing(err):
			return o, err
		case err != nil && !lost:
			s.console.printf("%v; AWS goes on meanwhile, looking again and again\n", err)
			lost = true
		}
		for _, e := range fresh {
			o.events = append(o.events, e)
			p.tell(e)
			mark = aws.ToString(e.EventId)
			if ends(e) {
				o.status = e.ResourceStatus
				o.took = aws.ToTime(e.Timestamp).Sub(aws.ToTime(o.events[0].Timestamp))
				return o, nil
			}
		}
		p.tick()
		if s.pause(ctx) != nil {
			return o, s.goesOn()
		}
	}
}

// goesOn is what to know when the watching ends before the work.
func (s *Stack) goesOn() error {
	return &Error{
		Kind: Interrupted, Message: "no longer watching; AWS goes on with it",
		Hint: "parley status" + s.flags() + " tells how it stands; the same command again goes on from there",
	}
}

// passing says that an error may be gone in a while.
func passing(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == Unreachable || isCode(err, throttlingCodes...) || status(err) >= 500
}

// isStack says that an event is about the stack itself.
func isStack(e types.StackEvent) bool {
	return aws.ToString(e.PhysicalResourceId) == aws.ToString(e.StackId)
}

// eventsSince returns the stack's events after the one called mark, oldest
// first. AWS gives the newest first, in pages.
func (s *Stack) eventsSince(ctx context.Context, stack, mark string) ([]types.StackEvent, error) {
	return s.eventsUntil(ctx, stack, func(e types.StackEvent) bool { return aws.ToString(e.EventId) == mark })
}

// eventsUntil reads back from the newest event to the first that is not wanted.
func (s *Stack) eventsUntil(ctx context.Context, stack string, stop func(types.StackEvent) bool) (events []types.StackEvent, err error) {
	pages := cloudformation.NewDescribeStackEventsPaginator(s.cloudformation, &cloudformation.DescribeStackEventsInput{StackName: &stack})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, s.explain("read what happens to the stack", err)
		}
		for _, e := range page.StackEvents {
			if stop(e) {
				slices.Reverse(events)
				return events, nil
			}
			events = append(events, e)
		}
	}
	slices.Reverse(events)
	return events, nil
}

// lastMark is the id of the stack's newest event, "" when it has none.
func (s *Stack) lastMark(ctx context.Context, stack string) (mark string, err error) {
	_, err = s.eventsUntil(ctx, stack, func(e types.StackEvent) bool {
		mark = aws.ToString(e.EventId)
		return true
	})
	return mark, err
}

// operation returns the events of the stack's latest operation, oldest first,
// and the mark before them: the end of the operation before. Going back from a
// failed update is part of it, and going back once more is an operation of its own.
func (s *Stack) operation(ctx context.Context, stack string) (events []types.StackEvent, mark string, err error) {
	newest := true // which may be the end of the latest one itself
	events, err = s.eventsUntil(ctx, stack, func(e types.StackEvent) bool {
		if !newest && ends(e) {
			mark = aws.ToString(e.EventId)
			return true
		}
		newest = false
		return false
	})
	return events, mark, err
}

// ends says that with this event the stack came to rest.
func ends(e types.StackEvent) bool {
	return isStack(e) && !busy(types.StackStatus(e.ResourceStatus))
}

// attach follows an operation that somebody has begun before.
func (s *Stack) attach(ctx context.Context, st state) (outcome, error) {
	_, mark, err := s.operation(ctx, st.id)
	if err != nil {
		return outcome{}, err
	}
	return s.follow(ctx, st.id, mark)
}

// flags are those that lead other commands to the same stack.
func (s *Stack) flags() string {
	var b strings.Builder
	if s.Name != "parley" {
		b.WriteString(" --stack " + s.Name)
	}
	if s.profile != "" {
		b.WriteString(" --profile " + s.profile)
	}
	return b.String() + " --region " + s.Region
}

// awsFlags are those that lead AWS's own command line there.
func (s *Stack) awsFlags() string {
	if s.profile != "" {
		return " --region " + s.Region + " --profile " + s.profile
	}
	return " --region " + s.Region
}
