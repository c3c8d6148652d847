package e2e

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/gorilla/websocket"
)

// hubVariable makes the test binary be the classic chat hub instead: what most
// chats in Go are made like, to measure ours against in the same run.
const hubVariable = "PARLEY_E2E_HUB"

// hub is one goroutine that owns the clients. Each client has a goroutine that
// reads, one that writes, and a channel of 256 messages between hub and writer;
// one whose channel is full is dropped.
type hub struct {
	clients     map[*hubClient]bool
	come, leave chan *hubClient
	said        chan []byte
}

type hubClient struct {
	socket *websocket.Conn
	queue  chan []byte
}

const (
	hubQueue         = 256
	hubWritePatience = 10 * time.Second
	hubPingEvery     = 54 * time.Second
)

func (h *hub) run() {
	for {
		select {
		case c := <-h.come:
			h.clients[c] = true
		case c := <-h.leave:
			h.drop(c)
		case message := <-h.said:
			for c := range h.clients {
				select {
				case c.queue <- message:
				default:
					h.drop(c)
				}
			}
		}
	}
}

func (h *hub) drop(c *hubClient) {
	if h.clients[c] {
		delete(h.clients, c)
		close(c.queue)
	}
}

func (c *hubClient) read(h *hub) {
	defer func() {
		h.leave <- c
		c.socket.Close()
	}()
	c.socket.SetReadLimit(32 << 10)
	for {
		_, message, err := c.socket.ReadMessage()
		if err != nil {
			return
		}
		h.said <- message
	}
}

func (c *hubClient) write() {
	ping := time.NewTicker(hubPingEvery)
	defer func() {
		ping.Stop()
		c.socket.Close()
	}()
	for {
		kind, message, open := websocket.PingMessage, []byte(nil), true
		select {
		case message, open = <-c.queue:
			if kind = websocket.TextMessage; !open {
				kind = websocket.CloseMessage
			}
		case <-ping.C:
		}
		c.socket.SetWriteDeadline(time.Now().Add(hubWritePatience))
		if c.socket.WriteMessage(kind, message) != nil || !open {
			return
		}
	}
}

// serveHub is the whole process: it prints its address, and serves until killed.
func serveHub() int {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	h := &hub{clients: map[*hubClient]bool{}, come: make(chan *hubClient), leave: make(chan *hubClient), said: make(chan []byte)}
	go h.run()
	upgrader := websocket.Upgrader{ReadBufferSize: 1024, WriteBufferSize: 1024}
	fmt.Println(listener.Addr())
	err = http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		socket, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		c := &hubClient{socket, make(chan []byte, hubQueue)}
		h.come <- c
		go c.write()
		go c.read(h)
	}))
	fmt.Fprintln(os.Stderr, err)
	return 1
}
