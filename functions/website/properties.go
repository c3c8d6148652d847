package main

import (
	"errors"
	"fmt"
	"net/url"

	"github.com/aws/aws-lambda-go/cfn"

	"parley/wwwroot"
)

// properties are what the template tells the resource.
type properties struct {
	bucket       string
	distribution string // the id of CloudFront's
	server       string // for config.json
}

// readProperties says in one error all that is missing or wrong.
func readProperties(event cfn.Event) (properties, error) {
	var wrong []error
	needed := func(name, what string) string {
		value, _ := event.ResourceProperties[name].(string)
		if value == "" {
			wrong = append(wrong, fmt.Errorf("the property %s is not set: %s", name, what))
		}
		return value
	}
	p := properties{
		bucket:       needed("Bucket", "the bucket of the site"),
		distribution: needed("DistributionId", "the CloudFront distribution before it"),
		server:       needed("Server", "the address of the WebSocket, wss://…"),
	}
	if u, err := url.Parse(p.server); p.server != "" && (err != nil || u.Scheme != "wss" || u.Host == "") {
		wrong = append(wrong, fmt.Errorf("the property Server is %q, no address of a WebSocket, wss://…", p.server))
	}
	if asked := needed("Hash", "which site to put, the template's parameter SiteHash"); asked != "" && asked != wwwroot.Hash() {
		wrong = append(wrong, fmt.Errorf("the stack asks for the site %.12s and this function holds %.12s: its parameters WebsiteKey and SiteHash are of different versions of Parley; deploy again with one", asked, wwwroot.Hash()))
	}
	return p, errors.Join(wrong...)
}
