package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"

	"github.com/alecthomas/kong"

	"parley/deploy"
	"parley/wwwroot"
)

// awsFlags lead to one stack in one account and region.
type awsFlags struct {
	Stack   string `default:"parley" env:"PARLEY_STACK" placeholder:"NAME" help:"The stack's name, with which begins what is made. Default: parley."`
	Region  string `placeholder:"REGION" help:"Where. Default: AWS_REGION, or the profile's."`
	Profile string `placeholder:"NAME" help:"Profile of ~/.aws/config. Default: AWS_PROFILE, or what the environment holds."`
	JSON    bool   `name:"json" help:"Print the result as one JSON object; what happens meanwhile goes to standard error."`
}

// settingsFlags are what people choose about their stack; each is a parameter
// of the template by its field's name, and described there.
type settingsFlags struct {
	PublicWebsite       *string `placeholder:"true|false" help:"${PublicWebsite}"`
	DomainName          *string `placeholder:"HOST" help:"${DomainName}"`
	CertificateArn      *string `placeholder:"ARN" help:"${CertificateArn}"`
	PriceClass          *string `placeholder:"CLASS" help:"${PriceClass}"`
	WebAclArn           *string `placeholder:"ARN" help:"${WebAclArn}"`
	DeletionProtection  *string `placeholder:"true|false" help:"${DeletionProtection}"`
	PointInTimeRecovery *string `placeholder:"true|false" help:"${PointInTimeRecovery}"`
	LogRetentionDays    *string `placeholder:"DAYS" help:"${LogRetentionDays}"`
	ThrottleRate        *string `placeholder:"NUMBER" help:"${ThrottleRate}"`
	ThrottleBurst       *string `placeholder:"NUMBER" help:"${ThrottleBurst}"`
	ReservedConcurrency *string `placeholder:"NUMBER" help:"${ReservedConcurrency}"`
	ActionMemory        *string `placeholder:"MB" help:"${ActionMemory}"`
	SweepHours          *string `placeholder:"HOURS" help:"${SweepHours}"`
	AlarmFrames         *string `placeholder:"NUMBER" help:"${AlarmFrames}"`
	AlarmTopicArn       *string `placeholder:"ARN" help:"${AlarmTopicArn}"`

	Tag                map[string]string `mapsep:"none" placeholder:"KEY=VALUE" help:"A tag for the stack and all in it, such as for the bill. May be given more than once."`
	RotateOriginSecret bool              `help:"Make a new secret between CloudFront and OnConnect, in two steps. The present one is taken until the next deploy."`
}

// settings are what was given. What was not keeps the stack's present value.
func (f *settingsFlags) settings() deploy.Settings {
	set := deploy.Settings{Parameters: map[string]string{}, Tags: f.Tag, RotateOriginSecret: f.RotateOriginSecret}
	v := reflect.ValueOf(*f)
	for i := range v.NumField() {
		if value, ok := v.Field(i).Interface().(*string); ok && value != nil {
			set.Parameters[v.Type().Field(i).Name] = *value
		}
	}
	return set
}

// parameterHelp describes the flags of settingsFlags in the template's words.
func parameterHelp() kong.Vars {
	vars := kong.Vars{}
	for _, p := range deploy.Parameters() {
		vars[p.Name] = p.Description
		if p.Default != nil && *p.Default != "" {
			vars[p.Name] += " At first: " + *p.Default + "."
		}
	}
	return vars
}

type deployCmd struct {
	awsFlags
	Yes              bool `help:"Ask nothing."`
	RestoreSite      bool `help:"Put the site's files into the bucket again, when somebody has changed them there."`
	AllowReplacement bool `help:"Let a change go ahead that deletes what people have said."`
	settingsFlags    `group:"Settings. What is not given stays as it is:"`
}

func (c *deployCmd) Run(ctx context.Context, e *environment) error {
	stack, err := c.open(ctx, e, c.Yes)
	if err != nil {
		return c.fail(e, err)
	}
	set := c.settings()
	set.RestoreSite, set.AllowReplacement = c.RestoreSite, c.AllowReplacement
	deployed, err := stack.Deploy(ctx, e.release(c.progress(e)), set)
	return c.end(e, deployed, err)
}

type planCmd struct {
	awsFlags
	Costs         bool `help:"Show every item of the costs."`
	settingsFlags `group:"Settings. What is not given stays as it is:"`
}

func (c *planCmd) Run(ctx context.Context, e *environment) error {
	progress := c.progress(e)
	plan, err := c.plan(ctx, e)
	var why *deploy.Error
	if offline := errors.As(err, &why) && (why.Kind == deploy.NotSignedIn || why.Kind == deploy.Unreachable); offline {
		fmt.Fprintf(progress, "%v: so this is a new stack with the settings as they are at first\n", err)
		plan = deploy.Offline(progress)
	} else if err != nil {
		return c.fail(e, err)
	}
	deploy.WriteCosts(progress, plan.Costs, c.Costs)
	if c.JSON {
		if err := writeJSON(e.stdout, plan); err != nil {
			return err
		}
	}
	return known(err)
}

func (c *planCmd) plan(ctx context.Context, e *environment) (*deploy.Plan, error) {
	stack, err := c.open(ctx, e, false)
	if err != nil {
		return nil, err
	}
	return stack.Plan(ctx, e.release(c.progress(e)), c.settings())
}

type statusCmd struct{ awsFlags }

func (c *statusCmd) Run(ctx context.Context, e *environment) error {
	stack, err := c.open(ctx, e, false)
	if err != nil {
		return c.fail(e, err)
	}
	status, err := stack.Status(ctx, e.release(c.progress(e)))
	if err != nil {
		return c.fail(e, err)
	}
	if err := c.end(e, status, nil); err != nil {
		return err
	}
	return known(status.Err())
}

type destroyCmd struct {
	awsFlags
	Yes bool `help:"Ask nothing."`
}

func (c *destroyCmd) Run(ctx context.Context, e *environment) error {
	stack, err := c.open(ctx, e, c.Yes)
	if err != nil {
		return c.fail(e, err)
	}
	destroyed, err := stack.Destroy(ctx)
	return c.end(e, destroyed, err)
}

// open says who is there to talk to, and finds the stack's account.
func (f *awsFlags) open(ctx context.Context, e *environment, yes bool) (*deploy.Stack, error) {
	return deploy.Open(ctx, deploy.Options{
		Name: f.Stack, Region: f.Region, Profile: f.Profile, Poll: e.poll,
		Console: deploy.Console{Out: f.progress(e), In: e.stdin, Terminal: isTerminal(e.stdin), Yes: yes},
	})
}

// progress is where what happens is told.
func (f *awsFlags) progress(e *environment) io.Writer {
	if f.JSON {
		return e.stderr
	}
	return e.stdout
}

// end presents a result, or fails.
func (f *awsFlags) end(e *environment, result any, err error) error {
	if err != nil {
		return f.fail(e, err)
	}
	if !f.JSON {
		return nil
	}
	return writeJSON(e.stdout, result)
}

// fail presents an error to a program, too, that asked for JSON.
func (f *awsFlags) fail(e *environment, err error) error {
	err = known(err)
	var why *failure
	if f.JSON && errors.As(err, &why) {
		writeJSON(e.stdout, map[string]any{"error": map[string]any{"message": why.Error(), "hint": why.hint, "code": why.code}})
	}
	return err
}

func writeJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

// exitCodes are the exit codes of what can go wrong with AWS.
var exitCodes = map[deploy.Kind]int{
	deploy.Failed: exitFailed, deploy.Misused: exitUsage, deploy.NotSignedIn: 5, deploy.NotPermitted: 6, deploy.Unreachable: 7,
	deploy.Refused: 8, deploy.Unconfirmed: 9, deploy.Unwell: 10, deploy.Interrupted: 130,
}

// known makes of an error of deploy one that report understands.
func known(err error) error {
	var e *deploy.Error
	if errors.As(err, &e) {
		return &failure{err: e, hint: e.Hint, code: exitCodes[e.Kind]}
	}
	return err
}

// releaseOf is what this program deploys.
func releaseOf(progress io.Writer) deploy.Release {
	return deploy.Release{
		Version: version, SiteHash: wwwroot.Hash(), Site: wwwroot.Files(),
		Packages: func(ctx context.Context) (deploy.Packages, error) {
			p, err := buildPackages(ctx, progress)
			return deploy.Packages{Functions: p.functions, Website: p.website}, err
		},
	}
}

// isTerminal says whether somebody may be typing, or watching, there.
func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
