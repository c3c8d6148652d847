//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
)

// peer is a server to measure, and how to talk to it.
type peer struct {
	command func(binary, name, address, data string) *exec.Cmd
	dialect dialect
}

// dialect is what a client says in a protocol. A delivery needs none: each text
// has the mark once, in whatever frame it comes.
type dialect struct {
	path        string
	subprotocol string
	binary      bool                                  // frames, not text
	greeting    func(i int) []string                  // one frame after the other, to be in the room; nil: nothing, as who is connected is in it
	replies     []string                              // what each of them is answered by, among other things
	publish     func(message int, text string) string // a frame
}

var peers = map[string]peer{
	"parley": {
		command: func(binary, _, address, data string) *exec.Cmd {
			return exec.Command(binary, "serve", "--listen", address, "--data", data, "--rate-limits", "off")
		},
		dialect: dialect{
			path: "/socket", subprotocol: "parley.v1",
			greeting: func(i int) []string {
				return []string{fmt.Sprintf(`{"type":"hello","name":"p%d","rooms":[{"room":"general"}]}`, i)}
			},
			replies: []string{`"type":"joined"`},
			publish: func(message int, text string) string {
				return fmt.Sprintf(`{"type":"message","id":"m%d","room":"general","text":"%s"}`, message, text)
			},
		},
	},
	"nats": {
		command: ourselves,
		dialect: dialect{
			path: "/", binary: true,
			greeting: func(int) []string { return []string{"CONNECT {\"verbose\":false}\r\nSUB room 1\r\nPING\r\n"} },
			replies:  []string{"PONG\r\n"},
			publish:  func(_ int, text string) string { return "PUB room " + strconv.Itoa(len(text)) + "\r\n" + text + "\r\n" },
		},
	},
	"centrifuge": {
		command: ourselves,
		dialect: dialect{
			path: "/connection/websocket",
			greeting: func(int) []string {
				return []string{`{"id":1,"connect":{}}`, `{"id":2,"subscribe":{"channel":"room"}}`}
			},
			replies: []string{`"id":1`, `"id":2`},
			publish: func(message int, text string) string {
				return fmt.Sprintf(`{"id":%d,"publish":{"channel":"room","data":{"text":"%s"}}}`, message+3, text)
			},
		},
	},
	"gorilla":       {command: ourselves, dialect: plain},
	"gorilla-joins": {command: ourselves, dialect: plain},
}

// plain is that of a hub: what is said is all there is.
var plain = dialect{
	path: "/",
	publish: func(_ int, text string) string {
		return fmt.Sprintf(`{"type":"message","from":"ann","text":"%s"}`, text)
	},
}

func names() []string { return []string{"parley", "nats", "centrifuge", "gorilla", "gorilla-joins"} }

// ourselves is this program as one of the other servers.
func ourselves(_, name, address, _ string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	return exec.Command(self, "serve", name, address)
}
