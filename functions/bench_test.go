package functions_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi"

	"parley/functions"
)

const fakeVariable = "PARLEY_BENCH_FAKE" // makes this program the fake, so that its CPU is not counted

// serveFake answers every request with 200, in a process of its own.
func serveFake() bool {
	if os.Getenv(fakeVariable) == "" {
		return false
	}
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) })
	plain, overTLS := httptest.NewServer(answer), httptest.NewTLSServer(answer)
	fmt.Println(plain.URL, overTLS.URL)
	io.Copy(io.Discard, os.Stdin) // ends with whoever started it
	return true
}

// startFake returns the addresses of a fake of its own.
func startFake(b *testing.B) (plain, overTLS string) {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	fake := exec.Command(self)
	fake.Env = append(os.Environ(), fakeVariable+"=1")
	stdin, err := fake.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := fake.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := fake.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { stdin.Close(); fake.Wait() })
	if _, err := fmt.Fscan(stdout, &plain, &overTLS); err != nil {
		b.Fatal(err)
	}
	return plain, overTLS
}

// CPU is what AWS gives little of (256 MB of memory come with 0.145 of one), and
// posts are what a broadcast consists of.
func BenchmarkBroadcast(b *testing.B) {
	plain, _ := startFake(b)
	frame := []byte(`{"type":"message","room":"general","seq":1,"from":"alice","text":"` + strings.Repeat("x", 200) + `"}`)
	ids := make([]string, 1000)
	for i := range ids {
		ids[i] = fmt.Sprintf("PJpC6chV%06dA=", i)
	}
	for _, width := range []int{64, 200} {
		b.Run(fmt.Sprintf("recipients=1000/width=%d", width), func(b *testing.B) {
			transport := &http.Transport{MaxIdleConnsPerHost: width}
			defer transport.CloseIdleConnections()
			p, err := functions.NewPoster(functions.PosterOptions{Endpoint: plain + stage, Region: region, Credentials: credentials, Width: width, Transport: transport})
			if err != nil {
				b.Fatal(err)
			}
			post := func() {
				if gone, err := p.Post(b.Context(), [][]byte{frame}, ids); len(gone) > 0 || err != nil {
					b.Fatal(gone, err)
				}
			}
			post() // connects
			before := cpu(b)
			for b.Loop() {
				post()
			}
			b.ReportMetric(float64((cpu(b)-before).Microseconds())/1000/float64(b.N), "cpu-ms/broadcast")
		})
	}
}

// BenchmarkFirstBroadcast is the one after a cold start or a long freeze: each
// connection shakes hands. Certificates are not checked, which AWS's would be.
func BenchmarkFirstBroadcast(b *testing.B) {
	_, overTLS := startFake(b)
	ids := make([]string, 200)
	for i := range ids {
		ids[i] = fmt.Sprintf("PJpC6chV%06dA=", i)
	}
	for _, width := range []int{25, 200} {
		b.Run(fmt.Sprintf("recipients=200/width=%d", width), func(b *testing.B) {
			before := cpu(b)
			for b.Loop() {
				transport := &http.Transport{MaxIdleConnsPerHost: width, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
				p, err := functions.NewPoster(functions.PosterOptions{Endpoint: overTLS + stage, Region: region, Credentials: credentials, Width: width, Transport: transport})
				if err != nil {
					b.Fatal(err)
				}
				if gone, err := p.Post(b.Context(), [][]byte{[]byte("x")}, ids); len(gone) > 0 || err != nil {
					b.Fatal(gone, err)
				}
				transport.CloseIdleConnections()
			}
			b.ReportMetric(float64((cpu(b)-before).Microseconds())/1000/float64(b.N), "cpu-ms/broadcast")
		})
	}
}

// BenchmarkPost is one post without a network: all that is between the caller
// and the transport.
func BenchmarkPost(b *testing.B) {
	ok := roundTrip(func(r *http.Request) (*http.Response, error) {
		io.Copy(io.Discard, r.Body)
		return &http.Response{StatusCode: 200, Status: "200 OK", Body: http.NoBody, Header: http.Header{}, Request: r}, nil
	})
	frame := []byte(`{"type":"message","room":"general","seq":1,"from":"alice","text":"` + strings.Repeat("x", 200) + `"}`)
	const endpoint, id = "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/live", "PJpC6chVKRcCJCA="
	b.Run("ours", func(b *testing.B) {
		p, err := functions.NewPoster(functions.PosterOptions{Endpoint: endpoint, Region: region, Credentials: credentials, Transport: ok})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := p.Post(b.Context(), [][]byte{frame}, []string{id}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("sdk", func(b *testing.B) {
		client := apigatewaymanagementapi.New(apigatewaymanagementapi.Options{
			BaseEndpoint: aws.String(endpoint), Region: region, Credentials: sdkCredentials(),
			HTTPClient: &http.Client{Transport: ok},
		})
		b.ReportAllocs()
		for b.Loop() {
			if _, err := client.PostToConnection(b.Context(), &apigatewaymanagementapi.PostToConnectionInput{ConnectionId: aws.String(id), Data: frame}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
