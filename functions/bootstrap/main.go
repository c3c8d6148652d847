// Command bootstrap is the Lambda program behind all three functions, for the
// runtime provided.al2023. Which one it is the function's Handler says: OnConnect,
// OnDisconnect or OnAction. The rest comes from the environment; see settings.
//
// Built with CGO_ENABLED=0 -trimpath -tags lambda.norpc,nethttpomithttp2 -ldflags
// "-s -w". Without the first tag net/rpc is linked, whose reflection keeps 2 to
// 4 MB of dead code alive; the second leaves out HTTP/2, 0.4 MB that nothing here
// speaks. https://github.com/aws/aws-lambda-go/blob/main/README.md
package main

import (
	"io"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
)

// version is set by the linker: -X main.version=1.2.3.
var version = "dev"

func main() {
	handler, err := build(os.Getenv, os.Stderr)
	if err != nil {
		reportInitError(os.Getenv("AWS_LAMBDA_RUNTIME_API"), err, os.Stderr)
		os.Exit(1)
	}
	lambda.Start(handler) // does not return
}

// newLogger writes JSON lines with the keys by which Lambda can filter them; it
// keeps all that comes to standard error.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
func newLogger(w io.Writer, level string) *slog.Logger {
	l := slog.LevelInfo
	if level == "TRACE" {
		level = "DEBUG"
	}
	if level == "FATAL" {
		level = "ERROR"
	}
	l.UnmarshalText([]byte(level)) // what is not a level leaves it at info
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: l, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && a.Key == slog.TimeKey {
			a.Key = "timestamp"
		}
		return a
	}}))
}
