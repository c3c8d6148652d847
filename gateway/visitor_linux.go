package gateway

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// visitor is a descriptor whose first request has not been answered yet.
type visitor struct {
	loop     *loop
	fd       int
	address  netip.AddrPort
	deadline time.Duration // of the server's own clock: for its headers to arrive, or for lingering to end

	head     []byte             // what has been read
	readable bool               // there may be more to read
	over     bool               // and after that nothing more
	deciding bool               // a worker has it
	refused  bool               // it has been answered, and lingers
	discards int                // bytes that are still thrown away while it lingers
	cancel   context.CancelFunc // of what OnConnect gets

	outcome  outcome // the worker's, who notes it then
	accepted *polled
	rest     []byte // what came after the request
}

type outcome uint8

const (
	outcomeNone    outcome = iota
	outcomePage            // net/http is to answer
	outcomeRefused         // the handler has refused, and that is answered
	outcomeAccepted
)

func (v *visitor) ready(events uint32) {
	v.readable = v.readable || events&(unix.EPOLLIN|over) != 0
	if v.over = v.over || events&over != 0; v.over && v.cancel != nil {
		v.cancel()
	}
	v.proceed()
}

// attend is called when it has been accepted, and when the worker has decided.
func (v *visitor) attend() {
	l := v.loop
	switch v.outcome {
	case outcomeNone:
		l.seat(v.fd, v)
		l.due[v] = struct{}{}
		if l.engine.isClosed() || l.watch(v.fd, watched) != nil {
			v.cut()
		}
	case outcomePage:
		v.handOver()
	case outcomeRefused:
		v.cancel()
		unix.Shutdown(v.fd, unix.SHUT_WR)
		v.deciding, v.refused, v.readable, v.discards = false, true, true, lingerBytes
		v.deadline = l.engine.server.now() + lingerTimeout
		v.proceed()
	case outcomeAccepted:
		v.cancel()
		delete(l.due, v)
		l.seat(v.fd, v.accepted)
		v.accepted.seated(v.rest, v.readable, v.over)
	}
}

func (v *visitor) check(now time.Duration) {
	if !v.deciding && (now > v.deadline || v.loop.engine.isClosed() && !v.refused) {
		v.cut()
	}
}

// proceed reads the head of the request, or throws away what comes after a refusal.
func (v *visitor) proceed() {
	for v.readable && !v.deciding {
		buffer := v.loop.buffer[:]
		n, err := syscall.Read(v.fd, buffer)
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.EAGAIN:
			v.readable = false
			return
		case n <= 0 && len(v.head) > 0 && !v.refused:
			v.handOver() // net/http says what is wrong with half a request
			return
		case n <= 0:
			v.cut()
			return
		}
		v.readable = n == len(buffer) || v.over
		if v.refused {
			if v.discards -= n; v.discards < 0 {
				v.cut()
				return
			}
			continue
		}
		from := max(0, len(v.head)-len(emptyLine))
		v.head = append(v.head, buffer[:n]...)
		if bytes.Contains(v.head[from:], emptyLine) || bytes.Contains(v.head[from:], bareLine) || len(v.head) > maxHeaderBytes {
			v.deciding = true
			var ctx context.Context
			ctx, v.cancel = context.WithCancel(context.Background())
			v.loop.engine.crew.do(decision{v, ctx})
		}
	}
}

var (
	emptyLine = []byte("\r\n\r\n")
	bareLine  = []byte("\n\n") // net/http takes it for one too
)

// cut closes it without a word. A worker that still has it may yet write to the descriptor, which stays open then.
func (v *visitor) cut() {
	v.leave()
	if v.deciding {
		return
	}
	unix.Close(v.fd)
	v.loop.engine.server.closed(v.address.Addr().Unmap())
}

// leave takes it out of the loop.
func (v *visitor) leave() {
	v.loop.seat(v.fd, nil)
	delete(v.loop.due, v)
	if v.cancel != nil {
		v.cancel()
	}
}

func (v *visitor) handOver() {
	v.leave()
	unix.EpollCtl(v.loop.fd, unix.EPOLL_CTL_DEL, v.fd, nil) // its duplicate would keep it there
	v.loop.engine.handOver(page{v.fd, v.address, v.head})
}

// decision is a worker's part: it has the handler asked.
type decision struct {
	v   *visitor
	ctx context.Context
}

func (d decision) work() {
	v := d.v
	v.outcome = v.decide(d.ctx)
	v.loop.note(v)
}

func (v *visitor) decide(ctx context.Context) outcome {
	s := v.loop.engine.server
	r := v.request(ctx)
	if r == nil || !s.begin() {
		return outcomePage
	}
	h := s.handshake(r)
	if away := s.enter(h.Address); away != nil {
		s.working.Done()
		header := http.Header{}
		away.header(header)
		v.refuse(away.status, away.why, header)
		return outcomeRefused
	}
	p := newPolled(v.loop, v.fd, h)
	subprotocol, status := s.admit(&p.connection, r, h)
	if status != 0 {
		s.leave(addressOf(h.Address))
		s.working.Done()
		v.refuse(status, http.StatusText(status), http.Header{"Connection": {"close"}})
		return outcomeRefused
	}
	s.log.Debug("connected", "connection", p.id, "address", shortened(h.Address), "subprotocol", subprotocol)
	p.open(switchingProtocols(r.Header.Get("Sec-WebSocket-Key"), subprotocol))
	v.accepted, v.head = p, nil
	return outcomeAccepted
}

var readers = sync.Pool{New: func() any { return bufio.NewReader(nil) }}

// request is what has been read, if that is a handshake with which nothing at all is wrong. nil: net/http is to read it
// again, and to answer.
func (v *visitor) request(ctx context.Context) *http.Request {
	s := v.loop.engine.server
	end := bytes.Index(v.head, emptyLine)
	if end < 0 {
		return nil
	}
	head, rest := v.head[:end+len(emptyLine)], v.head[end+len(emptyLine):]
	if !plainHead(head) {
		return nil
	}
	reader := readers.Get().(*bufio.Reader)
	defer readers.Put(reader)
	reader.Reset(bytes.NewReader(head))
	r, err := http.ReadRequest(reader)
	if err != nil || len(r.TransferEncoding) > 0 || r.URL.Path != s.options.SocketPath || s.wrongHost(r) != "" {
		return nil
	}
	if _, why := s.checkHandshake(http.Header{}, r); why != "" {
		return nil
	}
	v.rest = rest
	r.RemoteAddr = v.address.String()
	return r.WithContext(ctx)
}

// plainHead tells that a head has one Host, and no character in it that net/http would not take.
func plainHead(head []byte) bool {
	hosts := 0
	for line := range bytes.Lines(head) {
		line, whole := bytes.CutSuffix(line, []byte("\r\n"))
		for _, b := range line {
			if !whole || b < ' ' && b != '\t' || b == 0x7f {
				return false
			}
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		if len(name) == len("Host") && strings.EqualFold(string(name), "Host") {
			if hosts++; bytes.ContainsAny(bytes.TrimSpace(value), " \t\"%<>\\^`{|}") {
				return false
			}
		}
	}
	return hosts == 1
}

// refuse answers with a status. It is a fresh connection: the kernel takes all of it.
func (v *visitor) refuse(status int, why string, header http.Header) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\nDate: %s\r\nContent-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\nContent-Length: %d\r\n",
		status, http.StatusText(status), time.Now().UTC().Format(http.TimeFormat), len(why)+1)
	header.Write(&b)
	v.loop.engine.server.options.Header.Write(&b)
	b.WriteString("\r\n" + why + "\n")
	syscall.Write(v.fd, b.Bytes())
}
