package runtimeapi

import (
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"
)

// account stands in ARNs.
const account = "000000000000"

// process is a program that runs, and those it has started.
type process struct {
	cmd *exec.Cmd

	mu     sync.Mutex
	reaped bool // its number may be another's
}

// start runs the program, in a process group of its own. Its end comes as a message.
func (e *environment) start(address string) (*process, error) {
	o := e.function.options
	out := &output{log: e.function.log.With("environment", e.number)}
	cmd := exec.Command(o.Program)
	cmd.Dir = filepath.Dir(o.Program)
	cmd.Env = o.environ(address)
	cmd.Stdout, cmd.Stderr = out, out // the same one, so that lines keep their order
	cmd.SysProcAttr = attributes()
	cmd.WaitDelay = time.Second // for output to end, if a child has left the group and holds on to it
	if err := e.function.starter.do(cmd.Start); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd}
	go func() {
		err := p.wait()
		p.mu.Lock()
		p.reaped = true
		p.mu.Unlock()
		out.flush()
		how := cmd.ProcessState.String()
		if how == "" {
			how = fmt.Sprint(err)
		}
		e.messages <- message{kind: exited, cause: how} // run waits for it
	}()
	return p, nil
}

// kill ends the process and its group. It may be called again.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.reaped {
		killGroup(p.cmd.Process)
	}
}

// environ is what Lambda sets, below what the function's configuration does.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
func (o FunctionOptions) environ(address string) []string {
	env := map[string]string{
		"AWS_LAMBDA_FUNCTION_VERSION":     "$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(o.Memory),
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME":       "/aws/lambda/" + o.Name,
		"AWS_LAMBDA_LOG_STREAM_NAME":      "local",
		"AWS_REGION":                      o.Region,
		"AWS_DEFAULT_REGION":              o.Region,
		// Nobody's: what speaks to an emulator has to sign with something.
		"AWS_ACCESS_KEY_ID":     "local",
		"AWS_SECRET_ACCESS_KEY": "local",
		"AWS_SESSION_TOKEN":     "local",
		"LAMBDA_TASK_ROOT":      filepath.Dir(o.Program), // there /var/task
		"LAMBDA_RUNTIME_DIR":    filepath.Dir(o.Program), // there /var/runtime
		"LANG":                  "en_US.UTF-8",
		"PATH":                  "/usr/local/bin:/usr/bin:/bin:/opt/bin",
		"TZ":                    ":UTC",
	}
	maps.Copy(env, o.Env)
	maps.Copy(env, map[string]string{ // cannot be configured there either
		"_HANDLER":                 o.Handler,
		"AWS_LAMBDA_RUNTIME_API":   address,
		"AWS_LAMBDA_FUNCTION_NAME": o.Name,
	})
	list := make([]string, 0, len(env))
	for _, name := range slices.Sorted(maps.Keys(env)) {
		list = append(list, name+"="+env[name])
	}
	return list
}

func (f *Function) arn() string {
	return "arn:aws:lambda:" + f.options.Region + ":" + account + ":function:" + f.options.Name
}

// starter starts processes from one thread, which lives until all of them have ended: on Linux a child dies with the
// thread that has started it, not with the process (prctl(2), PR_SET_PDEATHSIG; https://go.dev/issue/27505).
type starter struct {
	calls chan func()
	done  chan struct{}
}

func (s *starter) begin() {
	s.calls, s.done = make(chan func()), make(chan struct{})
	go func() {
		defer close(s.done)
		runtime.LockOSThread() // for good: the thread ends with this goroutine
		for call := range s.calls {
			call()
		}
	}()
}

func (s *starter) do(start func() error) error {
	result := make(chan error)
	s.calls <- func() { result <- start() }
	return <-result
}

func (s *starter) end() {
	close(s.calls)
	<-s.done
}
