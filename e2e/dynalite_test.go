package e2e

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"testing"
)

// TestEmulatorSurvivesClients kills clients in the middle of a request, as tests
// that kill functions do. One of them ended the emulator of all.
func TestEmulatorSurvivesClients(t *testing.T) {
	emulator, err := url.Parse(DynamoDB(t))
	if err != nil {
		t.Fatal(err)
	}
	for cut := range 20 {
		conn, err := net.Dial("tcp", emulator.Host)
		if err != nil {
			t.Fatalf("after %d clients: %v", cut, err)
		}
		fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: %s\r\nX-Amz-Target: DynamoDB_20120810.ListTables\r\nContent-Length: 100\r\n\r\n{", emulator.Host)
		if cut%2 == 0 { // let it begin to read
			answers(t, emulator)
		}
		conn.(*net.TCPConn).SetLinger(0) // a reset, not an end
		conn.Close()
	}
	answers(t, emulator)
}

func answers(t *testing.T, emulator *url.URL) {
	t.Helper()
	response, err := http.Get(emulator.String())
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
}
