package e2e

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"parley/protocol"
)

// What strangers send stands on lines of the log only as a value of one, and
// nothing of it that is theirs alone: no text, no token.
func TestLogs(t *testing.T) {
	for _, format := range []string{"json", "text"} {
		t.Run(format, func(t *testing.T) {
			p := start(t, "--log-format", format)
			forged, text, token, link := "x\n{\"level\":\"ERROR\"}\r\x1b[31m\u009b2J\u202e\u2028", rand.Text(), rand.Text(), rand.Text()
			var secrets []string
			for i, name := range []string{forged, "Ada\x1b]0;x\a", "Grace"} {
				c := connect(t, p, protocol.Subprotocol)
				c.send(map[string]any{"type": "hello", "id": forged, "name": name, "session": token, "link": link})
				c.send(map[string]any{"type": "hello", "name": fmt.Sprint("Ada ", i), "session": token, "rooms": []any{map[string]any{"room": "general"}}})
				welcome := c.next("welcome")
				secrets = append(secrets, welcome.Session)
				c.send(map[string]any{"type": "message", "id": forged[:20], "room": forged, "text": text})
				c.send(map[string]any{"type": "message", "id": fmt.Sprint(i), "text": forged + text})
				c.send(map[string]any{"type": forged, "id": "unknown", "text": text})
				c.send(`{"type":"message","text":"` + text)
				c.send(map[string]any{"type": "ping"})
				c.next("pong")
				c.ws.CloseNow()
			}
			for _, header := range []string{"Origin: http://evil.example/" + strings.Repeat("\u009b", 50) + "%0a", "Origin: http://x\"level=ERROR", "User-Agent: \u202ex\"}{\"level\":\"ERROR\"", "X-Forwarded-For: 1.2.3.4\"level=ERROR"} {
				handshake(t, p, header)
			}
			p.terminate()

			lines := 0
			for line := range strings.Lines(p.output.String()) {
				line = strings.TrimSuffix(line, "\n")
				for _, r := range line {
					if r < ' ' || 0x7f <= r && r < 0xa0 || strings.ContainsRune("\u202e\u2028\ufffd", r) {
						t.Errorf("%U in %q", r, line)
						break
					}
				}
				switch logged := map[string]any{}; {
				case format == "json" && strings.HasPrefix(line, "{"):
					if err := json.Unmarshal([]byte(line), &logged); err != nil || logged["time"] == nil || logged["level"] == "ERROR" {
						t.Errorf("%s: %v", line, err)
					}
					lines++
				case strings.HasPrefix(line, "time="):
					if strings.Contains(line, " level=ERROR ") {
						t.Errorf("forged: %s", line)
					}
					lines++
				}
			}
			for _, secret := range append(secrets, text, token, link) {
				if secret == "" || strings.Contains(p.output.String(), secret) {
					t.Errorf("%q is in the log:\n%s", secret, p.output.tail(50))
				}
			}
			if lines < 3 {
				t.Errorf("%d lines were logged:\n%s", lines, p.output.tail(50))
			}
		})
	}
}

// Nobody can make the server ask for an address: it looks at none that people
// send, in whatever form and wherever.
func TestNothingIsFetched(t *testing.T) {
	inBothHomes(t, func(t *testing.T, p *program) {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		asked := make(chan string, 100)
		ended := make(chan struct{})
		defer func() { ln.Close(); <-ended }()
		go func() {
			defer close(ended)
			for {
				conn, err := ln.Accept()
				if err != nil {
					return
				}
				b := make([]byte, 200)
				conn.SetReadDeadline(time.Now().Add(time.Second))
				n, _ := conn.Read(b)
				conn.Close()
				asked <- string(b[:n])
			}
		}()
		_, port, _ := net.SplitHostPort(ln.Addr().String())
		mallory := enter(t, p, "Mallory")
		for i, host := range []string{"127.0.0.1", "localhost", "2130706433", "0177.0.0.1", "0x7f000001", "127.1", "[::ffff:127.0.0.1]", "[::1]", "0.0.0.0", "user@127.0.0.1", "127.0.0.1.example"} {
			url := "http://" + host + ":" + port + "/latest/meta-data/"
			for _, text := range []string{url, "[x](" + url + ")", "![x](" + url + ")", "<img src=" + url + ">", strings.Replace(url, "http", "ws", 1)} {
				for said := false; !said; {
					mallory.send(map[string]any{"type": "message", "id": fmt.Sprint(i, len(text)), "text": text})
					e := mallory.next("message", "error")
					time.Sleep(time.Duration(e.After) * time.Millisecond)
					if said = e.Text == text; !said && !e.Retry {
						t.Fatalf("%q was answered by %s", text, e.raw)
					}
				}
			}
			mallory.send(map[string]any{"type": "rename", "name": strings.TrimSuffix(url, "/latest/meta-data/")})
			mallory.next("renamed", "error")
			handshake(t, p, "Origin: "+url+"\nReferer: "+url+"\nX-Forwarded-Host: 127.0.0.1:"+port+"\nX-Forwarded-For: 127.0.0.1\nForwarded: host=\"127.0.0.1:"+port+"\"")
			request(t, p, "GET "+url+" HTTP/1.1\nHost: 127.0.0.1:"+port)
		}
		time.Sleep(500 * time.Millisecond) // for what would be asked beside the answer
		ln.Close()
		<-ended
		close(asked)
		for what := range asked {
			t.Errorf("the server asked %q", what)
		}
	})
}
