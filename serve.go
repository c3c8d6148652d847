package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"sync"
	"time"

	"parley/chat"
	"parley/gateway"
	"parley/memory"
	"parley/wwwroot"
)

type serveCmd struct {
	Listen     string        `default:"127.0.0.1:8080" env:"PARLEY_LISTEN" placeholder:"HOST:PORT" help:"Address of page and socket."`
	URL        string        `env:"PARLEY_URL" placeholder:"URL" help:"What people type, behind a proxy: https://chat.example.com. Needed for any host name but localhost."`
	Data       string        `env:"PARLEY_DATA" placeholder:"DIR" help:"Where messages and people are kept. Default: $STATE_DIRECTORY, else $XDG_DATA_HOME/parley, else ~/.local/share/parley."`
	Management string        `default:"auto" env:"PARLEY_MANAGEMENT" placeholder:"HOST:PORT" help:"Address of @connections, /healthz and /readyz; loopback only. 'auto' takes the port after --listen, or another one if that is taken; 'off' none. Default: auto."`
	Durability string        `default:"full" enum:"full,normal" env:"PARLEY_DURABILITY" placeholder:"full|normal" help:"full: what came back to its sender survives a power cut. normal: survives a crash of the program; faster. Default: full."`
	Heartbeat  time.Duration `default:"25s" env:"PARLEY_HEARTBEAT" placeholder:"DURATION" help:"Silence after which a connection is pinged; 10 s later it is given up. Default: 25s."`
	Engine     string        `default:"auto" enum:"auto,epoll,goroutine" env:"PARLEY_ENGINE" placeholder:"auto|epoll|goroutine" help:"What carries the connections. epoll: a loop for each core, Linux only. goroutine: one for each connection. auto: epoll where it can be. Default: auto."`
	Wwwroot    string        `env:"PARLEY_WWWROOT" placeholder:"DIR" help:"Serve the page from this folder, as it is at each request, instead of the one built in."`
	Limits     limitFlags    `embed:"" group:"Limits"`
	Stack      stackFlags    `embed:"" group:"With --functions"`
	LogFormat  string        `default:"text" enum:"text,json" env:"PARLEY_LOG_FORMAT" placeholder:"text|json" help:"Default: text."`
}

// shutdownPatience is how long connections get to hear of a shutdown and close.
const shutdownPatience = 10 * time.Second

// Validate is called by kong after parsing.
func (s *serveCmd) Validate() error {
	if s.Heartbeat < time.Second || s.Heartbeat > 5*time.Minute {
		return fmt.Errorf("--heartbeat: from 1s to 5m, not %s", s.Heartbeat)
	}
	return nil
}

func (s *serveCmd) Run(ctx context.Context, e *environment) error {
	logger := s.logger(e.stderr)
	public, err := s.publicURL()
	if err != nil {
		return err
	}
	files, err := s.files()
	if err != nil {
		return err
	}
	ln, err := listen(s.Listen)
	if err != nil {
		return err
	}
	defer ln.Close()

	options := gateway.Options{
		Pages:     newSite(files, s.Wwwroot != "", public),
		Header:    headers(public),
		PublicURL: public,
		Heartbeat: s.Heartbeat,
		Farewell:  farewell,
		Logger:    logger,
		Engine:    s.engine(),
	}
	if options, err = s.Limits.gateway(options); err != nil {
		return err
	}
	if s.Stack.Functions != "" {
		options = s.Stack.gateway(options)
	}
	ready := readiness{}
	options.Ready = ready.ask
	gw := gateway.New(options)
	hours := &officeHours{next: gw.Management()}
	management, err := s.manage(ln.Addr(), hours, logger)
	if err != nil {
		return err
	}
	defer management.Close()

	behind, err := s.behind(ctx, e.getenv, gw, management.Addr, logger)
	if err != nil {
		return err
	}
	defer behind.close()
	ready.of(behind)

	website, socket := urls(ln.Addr(), public)
	fmt.Fprintf(e.stdout, "Website URL: %s\nWebSocket URL: %s\n", website, socket)
	if behind.chat != nil {
		if err := greetOperator(ctx, behind.chat, website, e.stdout); err != nil {
			return err
		}
		if management.Addr != "off" {
			end, err := hours.begin(&chatOffice{behind.chat, website}, behind.data, management.Addr)
			if err != nil {
				return err
			}
			defer end()
		}
	}
	logger.Info("serving", append([]any{"version", version, "management", management.Addr}, behind.about...)...)

	defer tidyWhenQuiet(behind.letGo)()
	failed := make(chan error, 1)
	go func() { failed <- gw.Serve(ln, behind.handler) }()
	select {
	case err = <-failed:
	case <-ctx.Done(): // the gateway tells of it
	}
	// Everything below must end although ctx has.
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownPatience)
	defer cancel()
	if down := gw.Shutdown(patience); errors.Is(down, context.DeadlineExceeded) {
		logger.Warn("some connections did not answer the close in time")
	} else {
		err = errors.Join(err, down)
	}
	if err := behind.close(); err != nil {
		return err
	}
	logger.Info("stopped")
	return err
}

// home is what the gateway's events go to.
type home struct {
	handler gateway.Handler
	about   []any        // for the log, in pairs
	close   func() error // after the gateway's Shutdown; a second call does nothing

	chat *chat.Chat // nil: it is not in this process
	data string     // its data directory

	letGo func(context.Context)       // of memory that is not the collector's, when all is quiet; nil: there is none
	ready func(context.Context) error // why nothing can be stored at present; nil: it always can
}

// keptPages is how many bytes of pages are kept encoded: those of 300 rooms, or of
// 180 where texts are long.
const keptPages = 4 << 20

// behind opens the home that the flags ask for.
func (s *serveCmd) behind(ctx context.Context, getenv func(string) string, gw *gateway.Server, management string, logger *slog.Logger) (*home, error) {
	if s.Stack.Functions != "" {
		return s.Stack.open(ctx, getenv, management, logger)
	}
	store, dir, err := s.openStore(ctx, getenv, logger)
	if err != nil {
		return nil, err
	}
	connections := memory.NewTable()
	talk := chat.New(
		chat.Ports{Connections: connections, Members: connections, Log: store, People: store, Rules: store, Poster: gw},
		chat.Options{Server: "parley " + version, Rates: s.Limits.rates(), PageBytes: keptPages, Logger: logger},
	)
	stop := tend(talk, logger)
	return &home{
		handler: &logged{talk, logger},
		about:   []any{"data", dir},
		chat:    talk,
		data:    dir,
		ready:   store.Ready,
		letGo: func(ctx context.Context) {
			if err := store.Shrink(ctx); err != nil && ctx.Err() == nil {
				logger.Warn("could not give memory back", "error", err)
			}
		},
		close: sync.OnceValue(func() error {
			stop()
			talk.Close()
			if err := store.Close(); err != nil {
				return fmt.Errorf("close the data file: %w", err)
			}
			return nil
		}),
	}, nil
}

func (s *serveCmd) logger(w io.Writer) *slog.Logger {
	if s.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(shown{w}, nil))
	}
	return slog.New(slog.NewTextHandler(w, nil))
}

// shown writes JSON for people who look at it in a terminal. JSON escapes the C0
// controls alone; of U+009B, for one, a terminal takes commands as of ESC [.
type shown struct{ io.Writer }

func (s shown) Write(line []byte) (int, error) {
	if _, err := io.WriteString(s.Writer, escaped(string(line))); err != nil {
		return 0, err
	}
	return len(line), nil
}

func (s *serveCmd) engine() gateway.Engine {
	if s.Engine == "auto" {
		return gateway.EngineAuto
	}
	return gateway.Engine(s.Engine)
}

func (s *serveCmd) publicURL() (*url.URL, error) {
	if s.URL == "" {
		return nil, nil
	}
	u, err := url.Parse(s.URL)
	site := err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil
	if !site || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" {
		f := &failure{err: fmt.Errorf("--url %q is not the address of a site", s.URL), hint: "parley serve --url https://chat.example.com", code: exitUsage}
		if site {
			f.hint = "the page and its socket stand at the root of a host: --url " + u.Scheme + "://" + u.Host
		}
		return nil, f
	}
	u.Path = ""
	return u, nil
}

func (s *serveCmd) files() (fs.FS, error) {
	if s.Wwwroot == "" {
		return wwwroot.Files(), nil
	}
	if info, err := os.Stat(s.Wwwroot); err != nil || !info.IsDir() {
		return nil, &failure{err: fmt.Errorf("--wwwroot %s is not a folder", s.Wwwroot), hint: "give the folder that holds index.html", code: exitUsage}
	}
	return wwwroot.WithSpecification(os.DirFS(s.Wwwroot)), nil
}
