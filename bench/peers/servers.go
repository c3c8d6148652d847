//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/centrifugal/centrifuge"
	"github.com/gorilla/websocket"
	"github.com/nats-io/nats-server/v2/server"
)

// serve is one of the others, until it is killed.
func serve(name, address string) error {
	switch name {
	case "nats":
		return serveNATS(address)
	case "centrifuge":
		return serveCentrifuge(address)
	case "gorilla":
		return serveHub(address, false)
	case "gorilla-joins":
		return serveHub(address, true)
	}
	return fmt.Errorf("there is no server %q", name)
}

// serveNATS is nats-server with WebSocket alone, as its documentation has it:
// https://docs.nats.io/running-a-nats-service/configuration/websocket
func serveNATS(address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return err
	}
	s, err := server.NewServer(&server.Options{
		Host: host, Port: server.RANDOM_PORT, NoLog: true, NoSigs: true,
		Websocket: server.WebsocketOpts{Host: host, Port: number, NoTLS: true},
	})
	if err != nil {
		return err
	}
	s.Start()
	s.WaitForShutdown()
	return nil
}

// serveCentrifuge is a node with its memory broker, open to all and without history:
// https://pkg.go.dev/github.com/centrifugal/centrifuge
func serveCentrifuge(address string) error {
	node, err := centrifuge.New(centrifuge.Config{LogLevel: centrifuge.LogLevelNone})
	if err != nil {
		return err
	}
	node.OnConnecting(func(context.Context, centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return centrifuge.ConnectReply{Credentials: &centrifuge.Credentials{}}, nil
	})
	node.OnConnect(func(c *centrifuge.Client) {
		c.OnSubscribe(func(_ centrifuge.SubscribeEvent, reply centrifuge.SubscribeCallback) {
			reply(centrifuge.SubscribeReply{}, nil)
		})
		c.OnPublish(func(_ centrifuge.PublishEvent, reply centrifuge.PublishCallback) {
			reply(centrifuge.PublishReply{}, nil)
		})
	})
	if err := node.Run(); err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/connection/websocket", centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{}))
	return http.ListenAndServe(address, mux)
}

// serveHub is the classic hub: one goroutine has the set of clients, and each client
// two with a queue. A message is read, and written anew once for all. Each has a frame of
// its own, or what is queued goes joined by newlines into one, as in the library's example:
// https://github.com/gorilla/websocket/tree/v1.5.3/examples/chat
func serveHub(address string, joins bool) error {
	h := &hub{come: make(chan *member), gone: make(chan *member), tell: make(chan []byte, 256)}
	go h.run()
	upgrader := websocket.Upgrader{ReadBufferSize: 1024, WriteBufferSize: 1024}
	return http.ListenAndServe(address, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		m := &member{conn: conn, queue: make(chan []byte, 256)}
		h.come <- m
		go m.write(joins)
		go m.read(h)
	}))
}

type hub struct {
	come, gone chan *member
	tell       chan []byte
}

type member struct {
	conn  *websocket.Conn
	queue chan []byte
}

func (h *hub) run() {
	all := map[*member]struct{}{}
	leave := func(m *member) {
		if _, is := all[m]; is {
			delete(all, m)
			close(m.queue)
		}
	}
	for {
		select {
		case m := <-h.come:
			all[m] = struct{}{}
		case m := <-h.gone:
			leave(m)
		case text := <-h.tell:
			for m := range all {
				select {
				case m.queue <- text:
				default:
					leave(m)
				}
			}
		}
	}
}

func (m *member) read(h *hub) {
	defer func() { h.gone <- m; m.conn.Close() }()
	m.conn.SetReadLimit(32 << 10)
	for {
		var said struct{ Type, From, Text string }
		if err := m.conn.ReadJSON(&said); err != nil {
			return
		}
		text, err := json.Marshal(said)
		if err != nil {
			return
		}
		h.tell <- text
	}
}

func (m *member) write(joins bool) {
	ping := time.NewTicker(54 * time.Second)
	defer func() { ping.Stop(); m.conn.Close() }()
	const patience = 10 * time.Second
	for {
		var err error
		select {
		case text, open := <-m.queue:
			if !open {
				return
			}
			m.conn.SetWriteDeadline(time.Now().Add(patience))
			err = m.tell(text, joins)
		case <-ping.C:
			err = m.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(patience))
		}
		if err != nil {
			return
		}
	}
}

// tell writes a text and, if it joins, what is queued behind it.
func (m *member) tell(text []byte, joins bool) error {
	if !joins {
		return m.conn.WriteMessage(websocket.TextMessage, text)
	}
	w, err := m.conn.NextWriter(websocket.TextMessage)
	if err != nil {
		return err
	}
	w.Write(text)
	for range len(m.queue) {
		w.Write([]byte{'\n'})
		w.Write(<-m.queue)
	}
	return w.Close()
}
