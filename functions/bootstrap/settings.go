package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"parley/functions"
)

// settings are what the environment says. Lambda itself sets those that begin
// with AWS_ and _HANDLER; the stack's template sets the others.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
type settings struct {
	handler     string // _HANDLER: OnConnect, OnDisconnect or OnAction
	function    string // AWS_LAMBDA_FUNCTION_NAME; empty: it never invokes itself
	region      string // AWS_REGION
	credentials functions.Credentials
	logLevel    string // AWS_LAMBDA_LOG_LEVEL; default INFO

	table      string // TABLE_NAME
	management string // MANAGEMENT_ENDPOINT: https://{api}.execute-api.{region}.amazonaws.com/{stage}

	siteOrigins   []string // SITE_ORIGIN: separated by commas, "*" is any; OnConnect needs it
	originSecrets []string // ORIGIN_SECRET and ORIGIN_SECRET_PREVIOUS; none: not asked for

	shareFrom int // SHARE_FROM: recipients from which on other invocations help; default 5000, 0: never

	dynamodb string // AWS_ENDPOINT_URL_DYNAMODB: an emulator's; default: the region's own
	lambda   string // AWS_ENDPOINT_URL_LAMBDA: the same for Lambda
}

// readSettings says in one error all that is missing or wrong.
func readSettings(getenv func(string) string) (settings, error) {
	var wrong []error
	needed := func(name, what string) string {
		value := getenv(name)
		if value == "" {
			wrong = append(wrong, fmt.Errorf("%s is not set: %s", name, what))
		}
		return value
	}
	s := settings{
		handler:       needed("_HANDLER", "the function's Handler, OnConnect, OnDisconnect or OnAction"),
		function:      getenv("AWS_LAMBDA_FUNCTION_NAME"),
		region:        needed("AWS_REGION", "Lambda sets it"),
		logLevel:      getenv("AWS_LAMBDA_LOG_LEVEL"),
		table:         needed("TABLE_NAME", "the DynamoDB table of connections and messages"),
		management:    needed("MANAGEMENT_ENDPOINT", "where API Gateway takes posts, https://{api}.execute-api.{region}.amazonaws.com/{stage}"),
		originSecrets: []string{getenv("ORIGIN_SECRET"), getenv("ORIGIN_SECRET_PREVIOUS")},
		shareFrom:     5000,
		dynamodb:      getenv("AWS_ENDPOINT_URL_DYNAMODB"),
		lambda:        getenv("AWS_ENDPOINT_URL_LAMBDA"),
	}
	var err error
	if s.credentials, err = functions.CredentialsFrom(getenv); err != nil {
		wrong = append(wrong, err)
	}
	if s.handler == functions.OnConnect {
		s.siteOrigins = strings.Split(needed("SITE_ORIGIN", "the origins whose pages may connect, such as https://d111111abcdef8.cloudfront.net, or *"), ",")
	}
	if from := getenv("SHARE_FROM"); from != "" {
		if s.shareFrom, err = strconv.Atoi(from); err != nil || s.shareFrom < 0 {
			wrong = append(wrong, fmt.Errorf("SHARE_FROM %q is not a number of recipients", from))
		}
	}
	return s, errors.Join(wrong...)
}
