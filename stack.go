package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"parley/dynamo"
	"parley/functions"
	"parley/gateway"
	"parley/runtimeapi"
)

// stackFlags run the chat's other home on this machine: the Lambda program as
// it is deployed, behind what behaves as API Gateway and Lambda do.
type stackFlags struct {
	Functions        string        `env:"PARLEY_FUNCTIONS" placeholder:"FILE" help:"Run this Lambda program (built from functions/bootstrap) behind page and socket, as API Gateway and Lambda would, instead of the chat in this process."`
	DynamodbEndpoint string        `env:"PARLEY_DYNAMODB_ENDPOINT" placeholder:"URL" help:"Where its DynamoDB is: an emulator's address, such as dynalite's http://127.0.0.1:4567. The table is made if it is missing."`
	Table            string        `default:"parley" env:"PARLEY_TABLE" placeholder:"NAME" help:"Its table. Default: parley."`
	IdleTimeout      time.Duration `default:"10m" env:"PARLEY_IDLE_TIMEOUT" placeholder:"DURATION" help:"Silence after which a connection ends, as API Gateway does. Default: 10m."`
	MaxAge           time.Duration `default:"2h" env:"PARLEY_MAX_AGE" placeholder:"DURATION" help:"Age at which a connection ends, as API Gateway does. Default: 2h."`
	FunctionTimeout  time.Duration `default:"29s" env:"PARLEY_FUNCTION_TIMEOUT" placeholder:"DURATION" help:"Time that an invocation has. Default: 29s."`
	SweepEvery       time.Duration `default:"24h" env:"PARLEY_SWEEP_EVERY" placeholder:"DURATION" help:"How often a clock has them take away what is no longer to be kept, also where nobody speaks. 0 is never. Default: 24h."`
	Jitter           time.Duration `env:"PARLEY_JITTER" placeholder:"DURATION" help:"For tests: delay posts and invocations by random times up to this, out of order, and lose some disconnects."`
}

// stage is the API's only one, as deploy's template names it: the socket's path
// at the site's own host.
const stage = "socket"

// region is what the functions are told; an emulator takes any.
const region = "us-east-1"

func (f *stackFlags) gateway(o gateway.Options) gateway.Options {
	o.Stage, o.IdleTimeout, o.MaxAge, o.Jitter = stage, f.IdleTimeout, f.MaxAge, f.Jitter
	o.Heartbeat, o.Farewell = 0, nil // API Gateway pings nobody, and closes without a word
	return o.LikeAPIGateway()
}

// open starts the three functions and what they call: DynamoDB's table is
// there, Lambda's Invoke is on a port of its own, @connections is management.
func (f *stackFlags) open(ctx context.Context, getenv func(string) string, management string, logger *slog.Logger) (_ *home, err error) {
	if f.DynamodbEndpoint == "" {
		return nil, &failure{err: errors.New("--functions needs --dynamodb-endpoint"), hint: "npx dynalite --host 127.0.0.1 --port 4567, then --dynamodb-endpoint http://127.0.0.1:4567", code: exitUsage}
	}
	if management == "off" {
		return nil, &failure{err: errors.New("--functions needs the management listener, where the functions post"), hint: "give --management HOST:PORT", code: exitUsage}
	}
	if info, err := os.Stat(f.Functions); err != nil || info.IsDir() {
		return nil, &failure{err: fmt.Errorf("--functions %s is not a program", f.Functions), hint: "CGO_ENABLED=0 go build -tags lambda.norpc -o bootstrap ./functions/bootstrap", code: exitUsage}
	}
	if f.SweepEvery < 0 || f.SweepEvery > 0 && f.SweepEvery < time.Second {
		return nil, &failure{err: fmt.Errorf("--sweep-every %v is less than a second", f.SweepEvery), hint: "give --sweep-every 24h, or 0 for never", code: exitUsage}
	}
	credentials := localCredentials(getenv)
	if err := f.createTable(ctx, credentials); err != nil {
		return nil, &failure{err: err, hint: "is DynamoDB's emulator running there? npx dynalite --host 127.0.0.1 --port 4567", code: exitFailed}
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for invocations: %w", err)
	}
	invoke := runtimeapi.NewLambda(logger)
	lambda := &http.Server{Handler: invoke, ReadHeaderTimeout: 5 * time.Second}
	go lambda.Serve(ln) // ends with Close

	made := map[string]*runtimeapi.Function{}
	var clock *runtimeapi.Clock
	closeAll := sync.OnceValue(func() error {
		var errs error
		if clock != nil {
			errs = clock.Close()
		}
		for _, function := range made {
			errs = errors.Join(errs, function.Close())
		}
		return errors.Join(errs, invoke.Close(), lambda.Close())
	})
	for _, name := range []string{functions.OnConnect, functions.OnDisconnect, functions.OnAction} {
		function, err := runtimeapi.NewFunction(runtimeapi.FunctionOptions{
			Name: name, Program: f.Functions, Region: region, Timeout: f.FunctionTimeout, Memory: memoryOf(name), Logger: logger,
			Env: map[string]string{
				"TABLE_NAME":                f.Table,
				"MANAGEMENT_ENDPOINT":       "http://" + management + "/" + stage,
				"SITE_ORIGIN":               "*", // the gateway in front has looked at it already
				"AWS_ENDPOINT_URL_DYNAMODB": f.DynamodbEndpoint,
				"AWS_ENDPOINT_URL_LAMBDA":   "http://" + ln.Addr().String(),
				"AWS_ACCESS_KEY_ID":         credentials.AccessKeyID,
				"AWS_SECRET_ACCESS_KEY":     credentials.SecretAccessKey,
				"AWS_SESSION_TOKEN":         credentials.SessionToken,
			},
		})
		if err != nil {
			return nil, errors.Join(err, closeAll())
		}
		made[name] = function
		invoke.Add(function)
	}
	if f.SweepEvery > 0 {
		clock = runtimeapi.StartClock(f.SweepEvery, made[functions.OnAction], []byte(functions.SweepEvent), logger)
	}
	return &home{
		handler: runtimeapi.NewGateway(runtimeapi.GatewayOptions{
			OnConnect: made[functions.OnConnect], OnDisconnect: made[functions.OnDisconnect], OnAction: made[functions.OnAction],
			Stage: stage, Timeout: f.FunctionTimeout,
		}),
		about: []any{"functions", f.Functions, "dynamodb", f.DynamodbEndpoint, "table", f.Table},
		close: closeAll,
	}, nil
}

// memoryOf is what deploy's template gives a function, in MB.
func memoryOf(name string) int {
	if name == functions.OnAction {
		return 1024
	}
	return 256
}

// localCredentials are those of the environment; an emulator takes any.
func localCredentials(getenv func(string) string) aws.Credentials {
	c := aws.Credentials{AccessKeyID: getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: getenv("AWS_SECRET_ACCESS_KEY"), SessionToken: getenv("AWS_SESSION_TOKEN")}
	if c.AccessKeyID == "" || c.SecretAccessKey == "" {
		return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}
	}
	return c
}

func (f *stackFlags) createTable(ctx context.Context, credentials aws.Credentials) error {
	if !strings.HasPrefix(f.DynamodbEndpoint, "http://") && !strings.HasPrefix(f.DynamodbEndpoint, "https://") {
		return fmt.Errorf("--dynamodb-endpoint %q is not a URL", f.DynamodbEndpoint)
	}
	const patience = 40 * time.Second // a table takes half a second in an emulator, some seconds on AWS, and more on a busy machine
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return dynamo.CreateTable(ctx, emulator(f.DynamodbEndpoint, credentials), f.Table)
}

// emulator is a client of what stands for DynamoDB here.
func emulator(endpoint string, credentials aws.Credentials) *dynamodb.Client {
	return dynamo.NewClient(dynamo.ClientOptions{
		Region: region, Endpoint: endpoint,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return credentials, nil }),
	})
}
