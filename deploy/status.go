package deploy

import (
	"context"
	"crypto/md5" // #nosec G501 -- S3's ETag is one
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Status is how a stack stands.
type Status struct {
	*Stack
	State        string   `json:"state"` // CloudFormation's word; "" when there is no stack
	WebsiteURL   string   `json:"websiteUrl"`
	WebSocketURL string   `json:"webSocketUrl"`
	Version      string   `json:"version"`
	Site         string   `json:"site"`   // "same", "changed", "other version" or "unknown"
	Drift        []string `json:"drift"`  // paths that are not as they were deployed
	Sweep        string   `json:"sweep"`  // "every 24 hours" or "never"; "" of a version that has none
	Alarms       []Alarm  `json:"alarms"` // those that were on within the last day
	Well         bool     `json:"well"`
}

// Alarm is one that is on, or was within the last day.
type Alarm struct {
	Name  string    `json:"name"`
	On    bool      `json:"on"`
	Since time.Time `json:"since"` // of its latest beginning
	About string    `json:"about"`
}

// Status looks at the stack, its site and its alarms. It changes nothing.
func (s *Stack) Status(ctx context.Context, r Release) (*Status, error) {
	st, err := s.describe(ctx, s.Name)
	if err != nil {
		return nil, err
	}
	if err := s.ours(st); err != nil {
		return nil, err
	}
	if !st.made() {
		return nil, &Error{Kind: Unwell, Message: "there is no stack " + s.Name + " in " + s.Region, Hint: "parley deploy" + s.flags() + " makes it"}
	}
	v := &Status{
		Stack: s, State: string(st.status), WebsiteURL: st.outputs["WebsiteUrl"], WebSocketURL: st.outputs["WebSocketUrl"], Version: st.outputs["Version"],
		Site: "unknown", Drift: []string{}, Alarms: []Alarm{},
	}
	if hours := st.parameters["SweepHours"]; hours == "0" {
		v.Sweep = "never"
	} else if hours != "" {
		v.Sweep = "every " + hours + " hours"
	}
	if v.WebsiteURL != "" {
		if v.Site, v.Drift, err = s.drift(ctx, st, r); err != nil {
			return nil, err
		}
	}
	if v.Alarms, err = s.alarms(ctx, st, time.Now().Add(-24*time.Hour)); err != nil {
		return nil, err
	}
	v.Well = (strings.HasSuffix(v.State, "_COMPLETE") && v.State != "ROLLBACK_COMPLETE") && v.Site != "changed" && len(v.Alarms) == 0
	s.tell(v, st)
	return v, nil
}

func (s *Stack) tell(v *Status, st state) {
	state := v.State
	if st.reason != "" {
		state += ", " + st.reason
	}
	if v.WebsiteURL != "" {
		s.console.printf("Website URL: %s\nWebSocket URL: %s\nversion: %s\n", v.WebsiteURL, v.WebSocketURL, v.Version)
	}
	s.console.printf("stack: %s\n", state)
	switch v.Site {
	case "same":
		s.console.printf("site: as deployed\n")
	case "other version":
		s.console.printf("site: of another version than this program has; parley deploy%s changes it\n", s.flags())
	case "changed":
		const most = 5 // that are told to people; programs get all
		list, more := v.Drift, ""
		if len(list) > most {
			list, more = list[:most], fmt.Sprintf(" and %d more", len(list)-most)
		}
		s.console.printf("site: changed since it was deployed: %s%s\n", strings.Join(list, ", "), more)
	default:
		s.console.printf("site: not there yet\n")
	}
	if v.Sweep != "" {
		s.console.printf("sweep: %s\n", v.Sweep)
	}
	if len(v.Alarms) == 0 {
		s.console.printf("alarms: none in the last day\n")
	}
	for _, a := range v.Alarms {
		now := "over"
		if a.On {
			now = "still on"
		}
		s.console.printf("alarm: %s since %s, %s: %s\n", a.Name, a.Since.UTC().Format(time.RFC3339), now, a.About)
	}
}

// drift compares the site's bucket with what was put there.
func (s *Stack) drift(ctx context.Context, st state, r Release) (string, []string, error) {
	drift := []string{}
	if st.outputs["SiteHash"] != r.SiteHash {
		return "other version", drift, nil
	}
	want := map[string]string{configFile: ""} // MD5, as S3's entity tags are
	err := fs.WalkDir(r.Site, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(r.Site, path)
		sum := md5.Sum(content) // #nosec G401
		want[path] = hex.EncodeToString(sum[:])
		return err
	})
	if err != nil {
		return "", nil, err
	}
	bucket := st.outputs["WebsiteBucketName"]
	pages := s3.NewListObjectsV2Paginator(s.s3, &s3.ListObjectsV2Input{Bucket: &bucket, ExpectedBucketOwner: &s.Account})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if isCode(err, "NoSuchBucket") { // half deleted, or somebody has
			return "changed", []string{"its bucket is gone"}, nil
		}
		if err != nil {
			return "", nil, s.explain("look into bucket "+bucket, err)
		}
		for _, o := range page.Contents {
			path := aws.ToString(o.Key)
			sum, known := want[path]
			switch {
			case path == unfinished:
				drift = append(drift, "its last change was not finished")
			case !known:
				drift = append(drift, path+" is not ours")
			case sum != "" && strings.Trim(aws.ToString(o.ETag), `"`) != sum:
				drift = append(drift, path+" is another")
			}
			delete(want, path)
		}
	}
	for path := range want {
		drift = append(drift, path+" is missing")
	}
	if _, missing := want[configFile]; !missing {
		other, err := s.configDrift(ctx, bucket, st.outputs["WebSocketUrl"])
		if err != nil {
			return "", nil, err
		}
		if other {
			drift = append(drift, configFile+" names another WebSocket")
		}
	}
	if len(drift) == 0 {
		return "same", drift, nil
	}
	slices.Sort(drift)
	return "changed", drift, nil
}

// unfinished stands in the bucket while functions/website changes it.
const unfinished = ".unfinished"

// configFile tells the page where the WebSocket is.
const configFile = "config.json"

func (s *Stack) configDrift(ctx context.Context, bucket, server string) (bool, error) {
	out, err := s.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: aws.String(configFile), ExpectedBucketOwner: &s.Account})
	if err != nil {
		return false, s.explain("read "+configFile+" in bucket "+bucket, err)
	}
	defer out.Body.Close()
	text, err := io.ReadAll(io.LimitReader(out.Body, 64<<10))
	if err != nil {
		return false, s.explain("read "+configFile+" in bucket "+bucket, err)
	}
	var config struct {
		Server string `json:"server"`
	}
	return json.Unmarshal(text, &config) != nil || config.Server != server, nil
}

// alarms returns the stack's alarms that are on, or have been since then.
func (s *Stack) alarms(ctx context.Context, st state, since time.Time) ([]Alarm, error) {
	var names []string
	resources := cloudformation.NewListStackResourcesPaginator(s.cloudformation, &cloudformation.ListStackResourcesInput{StackName: &st.id})
	for resources.HasMorePages() {
		page, err := resources.NextPage(ctx)
		if err != nil {
			return nil, s.explain("list what the stack has", err)
		}
		for _, r := range page.StackResourceSummaries {
			if aws.ToString(r.ResourceType) == "AWS::CloudWatch::Alarm" && aws.ToString(r.PhysicalResourceId) != "" {
				names = append(names, *r.PhysicalResourceId)
			}
		}
	}
	found := []Alarm{}
	if len(names) == 0 {
		return found, nil // asked for none, CloudWatch would show all of the account
	}
	pages := cloudwatch.NewDescribeAlarmsPaginator(s.cloudwatch, &cloudwatch.DescribeAlarmsInput{AlarmNames: names})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, s.explain("look at the alarms", err)
		}
		for _, a := range page.MetricAlarms {
			alarm := Alarm{Name: aws.ToString(a.AlarmName), On: a.StateValue == cloudwatchtypes.StateValueAlarm, Since: aws.ToTime(a.StateTransitionedTimestamp), About: aws.ToString(a.AlarmDescription)}
			if !alarm.On {
				if alarm.Since, err = s.lastRing(ctx, alarm.Name, since); err != nil {
					return nil, err
				}
			}
			if alarm.On || !alarm.Since.IsZero() {
				found = append(found, alarm)
			}
		}
	}
	return found, nil
}

// lastRing is when an alarm began last, zero when it has not since then.
func (s *Stack) lastRing(ctx context.Context, name string, since time.Time) (time.Time, error) {
	pages := cloudwatch.NewDescribeAlarmHistoryPaginator(s.cloudwatch, &cloudwatch.DescribeAlarmHistoryInput{
		AlarmName: &name, HistoryItemType: cloudwatchtypes.HistoryItemTypeStateUpdate, StartDate: &since, EndDate: aws.Time(time.Now()),
	})
	var last time.Time
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return last, s.explain("look at the alarms' last day", err)
		}
		for _, item := range page.AlarmHistoryItems {
			if at := aws.ToTime(item.Timestamp); strings.HasSuffix(aws.ToString(item.HistorySummary), "to ALARM") && at.After(last) {
				last = at
			}
		}
	}
	return last, nil
}

// Err is what status ends with when something has to be looked at.
func (v *Status) Err() error {
	if v.Well {
		return nil
	}
	hint := "see above"
	switch state := types.StackStatus(v.State); {
	case busy(state):
		hint = "parley deploy" + v.flags() + " follows what is under way"
	case failed(state):
		hint = "parley deploy" + v.flags() + " says why it failed, clears that away and tries again"
	case state == types.StackStatusUpdateRollbackFailed:
		hint = "parley deploy" + v.flags() + " tries again to undo the last update"
	case state == types.StackStatusDeleteFailed:
		hint = "parley destroy" + v.flags() + " goes on with the deletion"
	case v.Site == "changed":
		hint = "parley deploy" + v.flags() + " --restore-site puts the site as it was deployed"
	}
	return &Error{Kind: Unwell, Message: fmt.Sprintf("stack %s has something to look at", v.Name), Hint: hint}
}
