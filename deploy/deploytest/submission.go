package deploytest

import (
	"net/url"
	"slices"
	"strings"
)

// Sizes of a template. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
const (
	maxInline = 51_200
	maxFromS3 = 1 << 20
)

// templateOf reads the template a call brings, inline or from the S3 part.
func (a *AWS) templateOf(q *request, s *stack) (*template, error) {
	body, address := q.form.Get("TemplateBody"), q.form.Get("TemplateURL")
	switch {
	case q.form.Get("UsePreviousTemplate") == "true" && s != nil && s.template != nil:
		return s.template, nil
	case body != "" && address != "" || body == "" && address == "":
		return nil, invalid("Either Template URL or Template Body must be specified.")
	case len(body) > maxInline:
		return nil, invalid("1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to 51200")
	case body == "":
		bucket, key, ok := a.objectAddress(address)
		if !ok {
			return nil, invalid("TemplateURL must be a supported URL.")
		}
		b, err := a.object(bucket, key)
		if err != nil {
			return nil, invalid("S3 error: %s\nFor more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html", err.(*apiError).message)
		}
		if len(b) > maxFromS3 {
			return nil, invalid("Template may not exceed 1000000 bytes in size.")
		}
		body = string(b)
	}
	return parseTemplate(body)
}

// objectAddress takes a URL of S3 apart: virtual-hosted or path style, at AWS's names or here.
func (a *AWS) objectAddress(address string) (bucket, key string, ok bool) {
	u, err := url.Parse(address)
	if err != nil {
		return "", "", false
	}
	path := strings.TrimPrefix(u.Path, "/")
	host, aws := strings.CutSuffix(u.Hostname(), ".amazonaws.com")
	switch bucket, service, virtual := strings.Cut(host, ".s3"); {
	case aws && virtual && u.Scheme == "https" && (service == "" || strings.HasPrefix(service, ".") || strings.HasPrefix(service, "-")):
		return bucket, path, path != ""
	case aws && u.Scheme == "https" && (host == "s3" || strings.HasPrefix(host, "s3.") || strings.HasPrefix(host, "s3-")), strings.HasPrefix(address, a.URL+"/"):
		bucket, key, ok = strings.Cut(path, "/")
		return bucket, key, ok && key != ""
	}
	return "", "", false
}

// needed are the capabilities a template needs.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html
func (t *template) needed() string {
	need := ""
	for _, r := range t.resources {
		if !strings.HasPrefix(r.typ, "AWS::IAM::") {
			continue
		}
		for _, name := range []string{"RoleName", "ManagedPolicyName", "UserName", "GroupName"} {
			if r.properties[name] != nil && r.typ != "AWS::IAM::RolePolicy" {
				return "CAPABILITY_NAMED_IAM"
			}
		}
		need = "CAPABILITY_IAM"
	}
	return need
}

func validateTemplate(a *AWS, q *request) (any, error) {
	t, err := a.templateOf(q, nil)
	if err != nil {
		return nil, err
	}
	type parameterSummary struct {
		ParameterKey string
		DefaultValue string `xml:",omitempty"`
		NoEcho       bool
		Description  string `xml:",omitempty"`
	}
	result := struct {
		Description        string             `xml:",omitempty"`
		Parameters         []parameterSummary `xml:"Parameters>member"`
		Capabilities       []string           `xml:"Capabilities>member"`
		CapabilitiesReason string             `xml:",omitempty"`
	}{Description: t.description}
	for _, name := range t.named {
		p := t.parameters[name]
		one := parameterSummary{ParameterKey: name, NoEcho: p.noEcho, Description: p.description}
		if p.fallback != nil {
			one.DefaultValue = *p.fallback
		}
		result.Parameters = append(result.Parameters, one)
	}
	if need := t.needed(); need != "" {
		result.Capabilities, result.CapabilitiesReason = []string{need}, "The following resource(s) require capabilities: [AWS::IAM::Role]"
	}
	return result, nil
}

func getTemplateSummary(a *AWS, q *request) (any, error) {
	var t *template
	var err error
	if name := q.form.Get("StackName"); name != "" {
		s, err := a.named(q)
		if err != nil {
			return nil, err
		}
		if t = s.template; t == nil {
			return nil, invalid("Template for stack %s does not exist", name)
		}
	} else if t, err = a.templateOf(q, nil); err != nil {
		return nil, err
	}
	type declaration struct {
		ParameterKey         string
		DefaultValue         *string `xml:",omitempty"`
		ParameterType        string
		NoEcho               bool
		Description          string   `xml:",omitempty"`
		ParameterConstraints []string `xml:"ParameterConstraints>AllowedValues>member"`
	}
	result := struct {
		Parameters    []declaration `xml:"Parameters>member"`
		Description   string        `xml:",omitempty"`
		Capabilities  []string      `xml:"Capabilities>member"`
		ResourceTypes []string      `xml:"ResourceTypes>member"`
		Version       string
	}{Description: t.description, Version: "2010-09-09"}
	for _, name := range t.named {
		p := t.parameters[name]
		result.Parameters = append(result.Parameters, declaration{name, p.fallback, p.kind, p.noEcho, p.description, p.allowed})
	}
	for _, logical := range t.order {
		if typ := t.resources[logical].typ; !slices.Contains(result.ResourceTypes, typ) {
			result.ResourceTypes = append(result.ResourceTypes, typ)
		}
	}
	if need := t.needed(); need != "" {
		result.Capabilities = []string{need}
	}
	return result, nil
}
