package main

import (
	"fmt"
	"runtime"

	"parley/bench"
)

// line prints what was measured beside its name.
func (o *benchOutput) line(name, format string, args ...any) {
	o.say("  %-26s %s\n", name, fmt.Sprintf(format, args...))
}

// table prints a run for somebody who has not read how it is made.
func (o *benchOutput) table(r benchedRun) {
	if r.Interrupted {
		o.line("interrupted", "what follows is of the time until then")
	}
	o.talk(r.Talk)
	o.idle(r)
	o.opening("handshakes", r.Connect)
	o.opening("hellos, each one stored", r.Enter)
	o.opening("opened and closed", r.Storm)
	if r.GeneratorCPU != nil {
		o.line("generator CPU", "%.1f s of one core, in all", *r.GeneratorCPU)
	}
	if r.RateLimits == "off" {
		o.line("rate limits", "off: nobody may say that much")
	}
	o.faults(r)
}

func (o *benchOutput) talk(t *bench.Talk) {
	if t == nil {
		return
	}
	o.line("deliveries/s", "%s  (%s messages/s; %.0f bytes each, %.1f in a read)", grouped(int(t.DeliveriesPerSecond)), grouped(int(t.MessagesPerSecond)), t.BytesPerDelivery, t.PerRead)
	o.line("server CPU", "%s  (the generator's: %s)", perMillion(t.ServerCPU), perMillion(t.GeneratorCPU))
	l := t.Latency
	o.line("from sending to delivery", "p50 %.1f ms, p99 %.1f, p99.9 %.1f, longest %.1f  (all deliveries, by the generator's clock)", l.P50, l.P99, l.P999, l.Max)
	if t.ServerCPU != nil && t.GeneratorCPU != nil && *t.GeneratorCPU*t.DeliveriesPerSecond/1e6 > busyShare {
		o.line("", "the generator was busy most of the time: the server may do more")
	}
}

// busyShare of a core, taken by the generator, is where it may be the limit.
const busyShare = 0.9

func (o *benchOutput) idle(r benchedRun) {
	i := r.Idle
	if i == nil || i.Member == nil {
		return
	}
	s := fmt.Sprintf("%s bytes per connection that is a person in a room", grouped(int(*i.Member)))
	if i.Connected != nil {
		s = fmt.Sprintf("%s bytes per connection; %s", grouped(int(*i.Connected)), s)
	}
	o.line("server memory", "%s", s)
	if i.BaseBytes != nil {
		o.line("", "%.1f MiB before the first", float64(*i.BaseBytes)/(1<<20))
	}
	if i.CPUPerMill != nil {
		o.line("server CPU while idle", "%.2f ms per second", *i.CPUPerMill)
	}
}

func (o *benchOutput) opening(name string, x *bench.Opening) {
	if x == nil {
		return
	}
	cpu := "not known"
	if x.ServerCPU != nil {
		cpu = fmt.Sprintf("%.0f µs each", *x.ServerCPU)
	}
	o.line(name, "%s/s, server CPU %s  (%s)", grouped(int(x.PerSecond)), cpu, grouped(x.Count))
}

// faults are printed even where there are none: that is a result.
func (o *benchOutput) faults(r benchedRun) {
	f := r.Faults
	if r.Talk != nil {
		o.line("deliveries", "%s lost, %s doubled, %s out of order  (each one counted by its sequence)", grouped(int(f.Lost)), grouped(int(f.Doubled)), grouped(int(f.OutOfOrder)))
		o.line("messages", "%s not acknowledged, %s repeated, %s refused", grouped(int(f.Unacknowledged)), grouped(int(f.Repeated)), grouped(int(f.Refused)))
	}
	if f.Ended > 0 {
		o.line("connections", "%s were ended by the server", grouped(int(f.Ended)))
	}
	if f.First != "" {
		o.line("", "%s", f.First)
	}
	if r.Stalled > 0 {
		o.line("stalled readers", "%d of %d were ended by the server", f.StalledEnded, r.Stalled)
	}
}

func perMillion(s *float64) string {
	if s == nil {
		if runtime.GOOS != "linux" {
			return "not known on " + runtime.GOOS
		}
		return "not known, --pid tells it"
	}
	return fmt.Sprintf("%.2f s per million deliveries", *s)
}
