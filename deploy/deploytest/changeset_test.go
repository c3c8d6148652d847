package deploytest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// edited is the small template with each old replaced by the new after it.
func edited(t testing.TB, oldNew ...string) string {
	t.Helper()
	body := smallTemplate(t)
	for i := 0; i < len(oldNew); i += 2 {
		if !strings.Contains(body, oldNew[i]) {
			t.Fatalf("the template has no %q", oldNew[i])
		}
	}
	return strings.NewReplacer(oldNew...).Replace(body)
}

func TestChangeSetIsRefused(t *testing.T) {
	u := withArtifacts(t)
	u.put(artifacts, "big.yaml", []byte(smallTemplate(t)+strings.Repeat("# a comment\n", 100_000)))
	for _, c := range []struct {
		name, code, part string
		with             edit
	}{
		{"no capability", "InsufficientCapabilitiesException", "[CAPABILITY_IAM]", func(in *cloudformation.CreateChangeSetInput) { in.Capabilities = nil }},
		{"a named role wants more", "InsufficientCapabilitiesException", "[CAPABILITY_NAMED_IAM]", byBody(edited(t, "AssumeRolePolicyDocument", "RoleName: one\n      AssumeRolePolicyDocument"))},
		{"over 51,200 bytes inline", "ValidationError", "less than or equal to 51200", func(in *cloudformation.CreateChangeSetInput) {
			in.TemplateBody = aws.String(*in.TemplateBody + strings.Repeat("#\n", 25_600))
		}},
		{"over 1 MB in S3", "ValidationError", "1000000 bytes", byURL("https://" + artifacts + ".s3.amazonaws.com/big.yaml")},
		{"not in S3", "ValidationError", "The specified key does not exist", byURL("https://s3." + Region + ".amazonaws.com/" + artifacts + "/none.yaml")},
		{"no such bucket", "ValidationError", "The specified bucket does not exist", byURL("https://nobodys.s3.amazonaws.com/none.yaml")},
		{"not a URL of S3", "ValidationError", "TemplateURL must be a supported URL", byURL("https://example.com/t.yaml")},
		{"no YAML", "ValidationError", "not well-formed", byBody("Resources: [")},
		{"no resources", "ValidationError", "At least one Resources member", byBody("Description: nothing")},
		{"a section of another language", "ValidationError", "[Resource]", byBody("Resource: {}")},
		{"unknown type", "ValidationError", "Unrecognized resource types: [AWS::S3::Bukket]", byBody(edited(t, "AWS::S3::Bucket", "AWS::S3::Bukket"))},
		{"misspelt Ref", "ValidationError", "Unresolved resource dependencies [Tabel]", byBody(edited(t, "!Ref Table,", "!Ref Tabel,"))},
		{"misspelt name in Sub", "ValidationError", "[AWS::StakName]", byBody(edited(t, "${AWS::StackName}-fill", "${AWS::StakName}-fill"))},
		{"misspelt DependsOn", "ValidationError", "[LogGroups]", byBody(edited(t, "DependsOn: LogGroup", "DependsOn: LogGroups"))},
		{"misspelt condition", "ValidationError", "NoDomain", byBody(edited(t, "Condition: OwnDomain\n    Properties", "Condition: NoDomain\n    Properties"))},
		{"unknown attribute", "ValidationError", "does not support attribute type Arm", byBody(edited(t, "!GetAtt Role.Arn", "!GetAtt Role.Arm"))},
		{"unknown function", "ValidationError", "!Jion", byBody(edited(t, "!Join", "!Jion"))},
		{"a resource in a condition", "ValidationError", "Unresolved", byBody(edited(t, "OwnDomain: !Not [!Equals [!Ref DomainName, '']]", "OwnDomain: !Not [!Equals [!Ref Table, '']]"))},
		{"a circle", "ValidationError", "Circular dependency between resources: [Bucket, Distribution", byBody(edited(t, "Type: AWS::S3::Bucket\n", "Type: AWS::S3::Bucket\n    DependsOn: Distribution\n"))},
		{"a reference to what its condition leaves out", "ValidationError", "[Alarm]", byBody(edited(t, "COLOR: !Ref Color", "COLOR: !Ref Alarm"))},
		{"null", "ValidationError", "'null' values are not allowed", byBody(edited(t, "RetentionInDays: 14", "RetentionInDays: null"))},
		{"parameter not given", "ValidationError", "Parameters: [FunctionsKey] must have values", func(in *cloudformation.CreateChangeSetInput) {
			in.Parameters = slices.DeleteFunc(in.Parameters, func(p types.Parameter) bool { return *p.ParameterKey == "FunctionsKey" })
		}},
		{"parameter nobody declared", "ValidationError", "Parameters: [Colour] do not exist", given("Colour", "red")},
		{"not one of the allowed", "ValidationError", "Parameter Color failed to satisfy constraint: must be blue or red", given("Color", "green")},
		{"against the pattern", "ValidationError", "Parameter 'FunctionsKey' must match pattern", given("FunctionsKey", "no spaces")},
		{"too short", "ValidationError", "must contain at least 8", given("OriginSecret", "short")},
		{"a rule", "ValidationError", "DomainName needs CertificateArn", given("DomainName", "chat.example.com")},
		{"no previous value", "ValidationError", "UsePreviousValue", given("Color", previous)},
		{"a name with a space", "ValidationError", "changeSetName", func(in *cloudformation.CreateChangeSetInput) { in.ChangeSetName = aws.String("a b") }},
		{"an update of nothing", "ValidationError", "Stack [parley] does not exist", func(in *cloudformation.CreateChangeSetInput) { in.ChangeSetType = types.ChangeSetTypeUpdate }},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := u.input("refused", smallTemplate(t), types.ChangeSetTypeCreate, nil)
			c.with(in)
			_, err := u.cfn.CreateChangeSet(u.ctx, in)
			(&user{TB: t}).refused(err, c.code, c.part)
		})
	}
	if out, err := u.cfn.ListStacks(u.ctx, &cloudformation.ListStacksInput{}); err != nil || len(out.StackSummaries) != 0 {
		t.Errorf("what was refused has made a stack: %v, %v", out, err)
	}
}

type edit func(in *cloudformation.CreateChangeSetInput)

func byURL(url string) edit {
	return func(in *cloudformation.CreateChangeSetInput) { in.TemplateBody, in.TemplateURL = nil, &url }
}

func byBody(body string) edit {
	return func(in *cloudformation.CreateChangeSetInput) { in.TemplateBody = &body }
}

func given(name, value string) edit {
	return func(in *cloudformation.CreateChangeSetInput) {
		p := types.Parameter{ParameterKey: &name, ParameterValue: &value}
		if value == previous {
			p.ParameterValue, p.UsePreviousValue = nil, aws.Bool(true)
		}
		in.Parameters = append(slices.DeleteFunc(in.Parameters, func(p types.Parameter) bool { return *p.ParameterKey == name }), p)
	}
}

// changesOf are "Action Logical Replacement property:RequiresRecreation:Evaluation:CausingEntity …", sorted.
func changesOf(u *user, name string) (all []string) {
	u.Helper()
	pages := cloudformation.NewDescribeChangeSetPaginator(u.cfn, &cloudformation.DescribeChangeSetInput{StackName: &u.stack, ChangeSetName: &name})
	for pages.HasMorePages() {
		out, err := pages.NextPage(u.ctx)
		u.must(out, err)
		for _, c := range out.Changes {
			r := c.ResourceChange
			line := fmt.Sprintf("%s %s %s", r.Action, *r.LogicalResourceId, r.Replacement)
			for _, d := range r.Details {
				what := aws.ToString(d.Target.Name)
				if d.Target.Attribute != types.ResourceAttributeProperties {
					what = string(d.Target.Attribute)
				}
				line += fmt.Sprintf(" %s:%s:%s:%s", what, d.Target.RequiresRecreation, d.Evaluation, aws.ToString(d.CausingEntity))
			}
			all = append(all, strings.TrimSpace(line))
		}
	}
	return all
}

func TestChanges(t *testing.T) {
	u := withArtifacts(t)
	u.account.PageSize = 2
	c := u.change("first", smallTemplate(t), types.ChangeSetTypeCreate, nil)
	if c.NextToken == nil || len(c.Changes) != 2 {
		t.Errorf("%d changes in a page of 2, next %v", len(c.Changes), c.NextToken)
	}
	want := []string{"Add Bucket", "Add Distribution", "Add Fill", "Add LogGroup", "Add Role", "Add Site", "Add Table"}
	if got := changesOf(u, "first"); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	u.execute("first")
	u.status(u.rests(), types.StackStatusCreateComplete)

	kept := values{"OriginSecret": previous, "FunctionsKey": previous, "ArtifactsBucket": previous}
	with := func(more values) values {
		all := values{}
		for _, m := range []values{kept, more} {
			for k, v := range m {
				all[k] = v
			}
		}
		return all
	}
	for i, c := range []struct {
		name, body string
		values     values
		want       []string
	}{
		{"a hash", smallTemplate(t), values{"Hash": "h2"}, []string{"Modify Site False Hash:Never:Static:Hash"}},
		{"an environment of the function, and what asks for its address", smallTemplate(t), values{"Color": "red"}, []string{
			"Modify Fill False Environment:Never:Static:Color", "Modify Site False ServiceToken:Never:Dynamic:Fill.Arn",
		}},
		{"the key of the table is another table", smallTemplate(t), values{"TableKey": "Key"}, []string{
			"Modify Fill False Environment:Never:Static:Table", "Modify Site False ServiceToken:Never:Dynamic:Fill.Arn", "Modify Table True KeySchema:Always:Static:TableKey",
		}},
		{"a condition that holds now", smallTemplate(t), values{"DomainName": "chat.example.com", "CertificateArn": "arn:x"}, []string{
			"Add Alarm", "Modify Distribution False DistributionConfig:Never:Static:DomainName",
		}},
		{"less", edited(t, "  Files: {Value: !GetAtt Site.Files, Condition: OwnDomain}\n", "", smallTemplate(t)[strings.Index(smallTemplate(t), "  Site:\n    Type"):strings.Index(smallTemplate(t), "Outputs:")], ""), nil, []string{"Remove Site"}},
		{"a policy", edited(t, "Type: AWS::DynamoDB::Table", "Type: AWS::DynamoDB::Table\n    DeletionPolicy: Retain"), nil, []string{"Modify Table False DeletionPolicy:Never:Static:"}},
		{"an output only", edited(t, "Description: the table}", "Description: the one table}"), nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			u := &user{TB: t, account: u.account, ctx: u.ctx, stack: u.stack, cfn: u.cfn}
			name := fmt.Sprint("change-", i)
			if done := u.change(name, c.body, types.ChangeSetTypeUpdate, with(c.values)); done.Status != types.ChangeSetStatusCreateComplete {
				t.Fatal(aws.ToString(done.StatusReason))
			}
			if got := changesOf(u, name); !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
	t.Run("tags", func(t *testing.T) {
		u := &user{TB: t, account: u.account, ctx: u.ctx, stack: u.stack, cfn: u.cfn}
		in := u.input("tags", smallTemplate(t), types.ChangeSetTypeUpdate, kept)
		in.Tags = []types.Tag{{Key: aws.String("team"), Value: aws.String("chat")}}
		u.must(u.cfn.CreateChangeSet(u.ctx, in))
		u.complete("tags")
		got := changesOf(u, "tags")
		if !slices.Contains(got, "Modify Table False Tags:Never:Static:") || slices.ContainsFunc(got, func(c string) bool { return strings.HasPrefix(c, "Modify Site False Tags") }) {
			t.Errorf("got %q", got)
		}
	})
	t.Run("nothing", func(t *testing.T) {
		u := &user{TB: t, account: u.account, ctx: u.ctx, stack: u.stack, cfn: u.cfn}
		for name, c := range map[string]struct{ body, reason string }{
			"same":    {smallTemplate(t), "The submitted information didn't contain changes."},
			"comment": {smallTemplate(t) + "# a comment\n", "No updates are to be performed."},
		} {
			done := u.change(name, c.body, types.ChangeSetTypeUpdate, kept)
			if done.Status != types.ChangeSetStatusFailed || done.ExecutionStatus != types.ExecutionStatusUnavailable || !strings.HasPrefix(aws.ToString(done.StatusReason), c.reason) {
				t.Errorf("%s: %s, %s, %q", name, done.Status, done.ExecutionStatus, aws.ToString(done.StatusReason))
			}
			_, err := u.cfn.ExecuteChangeSet(u.ctx, &cloudformation.ExecuteChangeSetInput{StackName: &u.stack, ChangeSetName: aws.String(name)})
			u.refused(err, "InvalidChangeSetStatus", "cannot be executed in its current status of [FAILED]")
		}
	})
}

// TestChangeSetsOfAStackUnderReview goes through what is left of a first deployment that died early.
func TestChangeSetsOfAStackUnderReview(t *testing.T) {
	u := withArtifacts(t)
	u.change("one", smallTemplate(t), types.ChangeSetTypeCreate, nil)
	u.status(stackOf(u), types.StackStatusReviewInProgress)
	_, err := u.cfn.CreateChangeSet(u.ctx, u.input("one", smallTemplate(t), types.ChangeSetTypeCreate, nil))
	u.refused(err, "AlreadyExistsException", "[one] already exists")
	_, err = u.cfn.CreateChangeSet(u.ctx, u.input("two", smallTemplate(t), types.ChangeSetTypeUpdate, nil))
	u.refused(err, "ValidationError", "is in REVIEW_IN_PROGRESS state and can not be updated")
	u.change("two", smallTemplate(t), types.ChangeSetTypeCreate, nil)
	names := func() (all []string) {
		out, err := u.cfn.ListChangeSets(u.ctx, &cloudformation.ListChangeSetsInput{StackName: &u.stack})
		u.must(out, err)
		for _, s := range out.Summaries {
			all = append(all, *s.ChangeSetName)
		}
		return all
	}
	if got := names(); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("change sets: %q", got)
	}
	for range 2 { // the second deletion finds nothing and is well
		u.must(u.cfn.DeleteChangeSet(u.ctx, &cloudformation.DeleteChangeSetInput{StackName: &u.stack, ChangeSetName: aws.String("one")}))
	}
	_, err = u.cfn.DescribeChangeSet(u.ctx, &cloudformation.DescribeChangeSetInput{StackName: &u.stack, ChangeSetName: aws.String("one")})
	u.refused(err, "ChangeSetNotFound", "ChangeSet [one] does not exist")
	u.execute("two")
	u.status(u.rests(), types.StackStatusCreateComplete)
	_, err = u.cfn.CreateChangeSet(u.ctx, u.input("three", smallTemplate(t), types.ChangeSetTypeCreate, nil))
	u.refused(err, "AlreadyExistsException", "already exists and cannot be created again")
}

func stackOf(u *user) types.Stack {
	u.Helper()
	out, err := u.cfn.DescribeStacks(u.ctx, &cloudformation.DescribeStacksInput{StackName: &u.stack})
	u.must(out, err)
	return out.Stacks[0]
}

func TestTemplateIsToldOf(t *testing.T) {
	u := withArtifacts(t)
	body := smallTemplate(t)
	v, err := u.cfn.ValidateTemplate(u.ctx, &cloudformation.ValidateTemplateInput{TemplateBody: &body})
	u.must(v, err)
	if len(v.Parameters) != 9 || len(v.Capabilities) != 1 || !strings.HasPrefix(aws.ToString(v.Description), "A small site") {
		t.Errorf("ValidateTemplate: %d parameters, capabilities %v, %q", len(v.Parameters), v.Capabilities, aws.ToString(v.Description))
	}
	s, err := u.cfn.GetTemplateSummary(u.ctx, &cloudformation.GetTemplateSummaryInput{TemplateBody: &body})
	u.must(s, err)
	for _, p := range s.Parameters {
		switch *p.ParameterKey {
		case "Color":
			if aws.ToString(p.DefaultValue) != "blue" || len(p.ParameterConstraints.AllowedValues) != 2 {
				t.Errorf("Color: %v, %v", aws.ToString(p.DefaultValue), p.ParameterConstraints)
			}
		case "OriginSecret":
			if !aws.ToBool(p.NoEcho) || p.DefaultValue != nil {
				t.Errorf("OriginSecret: NoEcho %v, default %v", aws.ToBool(p.NoEcho), p.DefaultValue)
			}
		}
	}
	u.deploy("first", types.ChangeSetTypeCreate, nil)
	g, err := u.cfn.GetTemplate(u.ctx, &cloudformation.GetTemplateInput{StackName: &u.stack})
	u.must(g, err)
	if aws.ToString(g.TemplateBody) != body {
		t.Error("GetTemplate gives another template")
	}
}
