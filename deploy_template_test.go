package main

import (
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"parley/deploy"
)

// pageHeaders are those that the distribution puts on the page's answers.
func pageHeaders(t *testing.T, template string) map[string]string {
	t.Helper()
	var read struct {
		Resources struct {
			PageHeaders struct {
				Properties struct {
					Config struct {
						Security struct {
							Policy struct {
								Value string `yaml:"ContentSecurityPolicy"`
							} `yaml:"ContentSecurityPolicy"`
							NoSniff *struct{} `yaml:"ContentTypeOptions"`
							Frame   struct {
								Value string `yaml:"FrameOption"`
							} `yaml:"FrameOptions"`
							Referrer struct {
								Value string `yaml:"ReferrerPolicy"`
							} `yaml:"ReferrerPolicy"`
							HTTPS struct {
								Seconds    int  `yaml:"AccessControlMaxAgeSec"`
								Subdomains bool `yaml:"IncludeSubdomains"`
								Preload    bool `yaml:"Preload"`
							} `yaml:"StrictTransportSecurity"`
						} `yaml:"SecurityHeadersConfig"`
						Custom struct {
							Items []struct {
								Header   string `yaml:"Header"`
								Value    string `yaml:"Value"`
								Override bool   `yaml:"Override"`
							} `yaml:"Items"`
						} `yaml:"CustomHeadersConfig"`
					} `yaml:"ResponseHeadersPolicyConfig"`
				} `yaml:"Properties"`
			} `yaml:"PageHeaders"`
		} `yaml:"Resources"`
	}
	if err := yaml.Unmarshal([]byte(template), &read); err != nil {
		t.Fatal(err)
	}
	c := read.Resources.PageHeaders.Properties.Config
	got := map[string]string{
		"Content-Security-Policy": c.Security.Policy.Value,
		"X-Frame-Options":         c.Security.Frame.Value,
		"Referrer-Policy":         c.Security.Referrer.Value,
	}
	if c.Security.NoSniff != nil {
		got["X-Content-Type-Options"] = "nosniff" // all it can be
	}
	if https := c.Security.HTTPS; !https.Subdomains && !https.Preload { // which CloudFront would add to the value
		got["Strict-Transport-Security"] = fmt.Sprintf("max-age=%d", https.Seconds)
	}
	for _, item := range c.Custom.Items {
		if item.Override {
			got[item.Header] = item.Value
		}
	}
	return got
}

// TestTemplateHeaders holds the distribution's headers to those of the local
// page, as it is served over HTTPS.
func TestTemplateHeaders(t *testing.T) {
	want := map[string]string{}
	for name, values := range headers(&url.URL{Scheme: "https", Host: "chat.example.com"}) {
		want[name] = values[0]
	}
	got := pageHeaders(t, deploy.Template)
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("%s is %q in the template and %q here", name, got[name], want[name])
		}
	}
	for name := range got {
		if _, known := want[name]; !known {
			t.Errorf("%s stands only in the template", name)
		}
	}
	for _, mistake := range [][2]string{
		{"script-src 'self';", "script-src *;"}, {"ContentTypeOptions: {Override: true}", "XSSProtection: {Protection: false, Override: true}"},
		{"FrameOption: DENY", "FrameOption: SAMEORIGIN"}, {"ReferrerPolicy: no-referrer", "ReferrerPolicy: origin"},
		{"AccessControlMaxAgeSec: 63072000", "AccessControlMaxAgeSec: 63072000, Preload: true"}, {"camera=()", "camera=*"},
		{"Value: same-origin, Override: true", "Value: same-origin, Override: false"},
	} {
		wrong := strings.Replace(deploy.Template, mistake[0], mistake[1], 1)
		if wrong == deploy.Template || maps.Equal(pageHeaders(t, wrong), want) {
			t.Errorf("%q instead of %q is not found", mistake[1], mistake[0])
		}
	}
}

// Each parameter that is for people has a flag, and no other has.
func TestTemplateFlags(t *testing.T) {
	flags := map[string]bool{}
	for field := range reflect.TypeFor[settingsFlags]().Fields() {
		if field.Type == reflect.TypeFor[*string]() {
			flags[field.Name] = true
		}
	}
	for _, p := range deploy.Parameters() {
		if flags[p.Name] != p.ForPeople() {
			t.Errorf("%s: there is a flag: %v; it is for people: %v", p.Name, flags[p.Name], p.ForPeople())
		}
		delete(flags, p.Name)
	}
	if len(flags) > 0 {
		t.Errorf("flags without a parameter: %v", flags)
	}
}
