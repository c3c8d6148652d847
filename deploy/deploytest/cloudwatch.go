package deploytest

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"
)

const alarmType = "AWS::CloudWatch::Alarm"

// alarm is what happened to one alarm, by its name.
type alarm struct {
	state, reason string
	since         time.Time
	history       []alarmChange // oldest first
}

type alarmChange struct {
	at                time.Time
	from, to, because string
}

// Alarm turns an alarm of a stack, by its name, to "ALARM", "OK" or "INSUFFICIENT_DATA".
func (a *AWS) Alarm(name, state, reason string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	one := a.alarmNamed(name)
	one.history = append(one.history, alarmChange{time.Now(), one.state, state, reason})
	one.state, one.reason, one.since = state, reason, time.Now()
}

func (a *AWS) alarmNamed(name string) *alarm {
	if a.alarms[name] == nil {
		a.alarms[name] = &alarm{state: "OK", reason: "Unchecked: Initial alarm creation", since: time.Now()}
	}
	return a.alarms[name]
}

// answerCloudWatch speaks Smithy's RPC v2 in CBOR. https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
func (a *AWS) answerCloudWatch(w http.ResponseWriter, q *request) {
	decoded, err := cbor.Decode(q.body)
	input, isMap := decoded.(cbor.Map)
	if err != nil || !isMap {
		writeError(w, q, refuse("SerializationException", "the body is no CBOR map"))
		return
	}
	wanted := func(name string) string {
		s, _ := input[name].(cbor.String)
		return string(s)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	var names []string
	for _, r := range a.things {
		if r.typ == alarmType && r.region == q.region && strings.HasPrefix(r.physical, wanted("AlarmNamePrefix")) {
			names = append(names, r.physical)
		}
	}
	slices.Sort(names)
	if asked, ok := input["AlarmNames"].(cbor.List); ok && len(asked) > 0 {
		names = slices.DeleteFunc(names, func(n string) bool { return !slices.Contains(asked, cbor.Value(cbor.String(n))) })
	}
	output := cbor.Map{}
	switch q.Operation {
	case "DescribeAlarms":
		all := cbor.List{}
		for _, name := range names {
			one, arn := a.alarmNamed(name), "arn:aws:cloudwatch:"+q.region+":"+Account+":alarm:"+name
			if state := wanted("StateValue"); state != "" && state != one.state {
				continue
			}
			p := a.thing(q.region, alarmType, name).properties
			all = append(all, cbor.Map{
				"AlarmName": cbor.String(name), "AlarmArn": cbor.String(arn), "StateValue": cbor.String(one.state), "StateReason": cbor.String(one.reason),
				"AlarmDescription": cbor.String(text(p["AlarmDescription"])), "StateUpdatedTimestamp": moment(one.since),
				"StateTransitionedTimestamp": moment(one.since), "ActionsEnabled": cbor.Bool(true),
			})
		}
		output["MetricAlarms"], output["CompositeAlarms"] = all, cbor.List{}
	case "DescribeAlarmHistory":
		after, before := instant(input["StartDate"], time.Time{}), instant(input["EndDate"], time.Now().Add(time.Hour))
		var all []cbor.Map
		for _, name := range names {
			if only := wanted("AlarmName"); only != "" && only != name {
				continue
			}
			for _, c := range slices.Backward(a.alarmNamed(name).history) {
				if c.at.Before(after) || c.at.After(before) {
					continue
				}
				all = append(all, cbor.Map{
					"AlarmName": cbor.String(name), "AlarmType": cbor.String("MetricAlarm"), "Timestamp": moment(c.at), "HistoryItemType": cbor.String("StateUpdate"),
					"HistorySummary": cbor.String("Alarm updated from " + c.from + " to " + c.to),
					"HistoryData":    cbor.String(`{"version":"1.0","oldState":{"stateValue":"` + c.from + `"},"newState":{"stateValue":"` + c.to + `"}}`),
				})
			}
		}
		newestFirst(all)
		items := cbor.List{}
		for _, one := range all {
			items = append(items, one)
		}
		output["AlarmHistoryItems"] = items
	default:
		writeError(w, q, refuse("InvalidAction", "deploytest does not know %s of cloudwatch", q.Operation))
		return
	}
	w.Header().Set("Content-Type", "application/cbor")
	w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
	w.Write(cbor.Encode(output))
}

func newestFirst(all []cbor.Map) {
	at := func(m cbor.Map) time.Time { return instant(m["Timestamp"], time.Time{}) }
	slices.SortStableFunc(all, func(x, y cbor.Map) int { return at(y).Compare(at(x)) })
}

// moment is a time as CBOR has it: tag 1, seconds since 1970.
func moment(t time.Time) cbor.Value {
	return &cbor.Tag{ID: 1, Value: cbor.Float64(float64(t.UnixMilli()) / 1000)}
}

func instant(v cbor.Value, otherwise time.Time) time.Time {
	if t, err := cbor.AsTime(v); err == nil {
		return t
	}
	return otherwise
}

func writeCBORError(w http.ResponseWriter, status int, e *apiError) {
	w.Header().Set("Content-Type", "application/cbor")
	w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
	w.WriteHeader(status)
	w.Write(cbor.Encode(cbor.Map{"__type": cbor.String(e.code), "message": cbor.String(e.message)}))
}
