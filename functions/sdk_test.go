package functions_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi"
	"github.com/aws/aws-sdk-go-v2/service/apigatewaymanagementapi/types"
	"github.com/aws/smithy-go"
	"github.com/coder/websocket"

	"parley/functions"
	"parley/gateway"
)

func sdkCredentials() aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: credentials.AccessKeyID, SecretAccessKey: credentials.SecretAccessKey, SessionToken: credentials.SessionToken}, nil
	})
}

// silent is a chat in which nothing happens; it tells who connected.
type silent struct{ connected chan string }

func (s silent) OnConnect(ctx context.Context, id string, h gateway.Handshake) (string, error) {
	s.connected <- id
	return "", nil
}
func (silent) OnDisconnect(context.Context, string) error        { return nil }
func (silent) OnAction(context.Context, string, ...[]byte) error { return nil }

// TestGatewayManagement holds the local gateway's @connections API to what the
// SDK, and our Poster, take API Gateway's for.
func TestGatewayManagement(t *testing.T) {
	server := gateway.New(gateway.Options{Pages: http.NotFoundHandler()})
	sockets := httptest.NewUnstartedServer(nil)
	chat := silent{make(chan string, 1)}
	served := make(chan error, 1)
	go func() { served <- server.Serve(sockets.Listener, chat) }()
	management := httptest.NewServer(server.Management())
	transport := &http.Transport{}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		server.Shutdown(ctx)
		<-served
		transport.CloseIdleConnections()
		management.Close()
	})
	socket, _, err := websocket.Dial(t.Context(), "ws://"+sockets.Listener.Addr().String()+"/socket", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer socket.CloseNow()
	id := <-chat.connected

	client := apigatewaymanagementapi.New(apigatewaymanagementapi.Options{
		BaseEndpoint: aws.String(management.URL), Region: region, Credentials: sdkCredentials(),
		HTTPClient: &http.Client{Transport: transport}, RetryMaxAttempts: 1,
	})
	poster, err := functions.NewPoster(functions.PosterOptions{Endpoint: management.URL, Region: region, Credentials: credentials, Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	post := func(id, text string) error {
		_, err := client.PostToConnection(t.Context(), &apigatewaymanagementapi.PostToConnectionInput{ConnectionId: aws.String(id), Data: []byte(text)})
		return err
	}
	receive := func(want string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if kind, got, err := socket.Read(ctx); err != nil || kind != websocket.MessageText || string(got) != want {
			t.Errorf("received %v %q, %v, want text %q", kind, got, err, want)
		}
	}

	if err := post(id, "by the SDK"); err != nil {
		t.Errorf("PostToConnection: %v", err)
	}
	receive("by the SDK")
	if gone, err := poster.Post(t.Context(), [][]byte{[]byte("by us"), []byte("and again")}, []string{id}); len(gone) > 0 || err != nil {
		t.Errorf("Post: gone %q, %v", gone, err)
	}
	receive("by us")
	receive("and again")

	about, err := client.GetConnection(t.Context(), &apigatewaymanagementapi.GetConnectionInput{ConnectionId: aws.String(id)})
	if err != nil || about.Identity == nil || aws.ToString(about.Identity.SourceIp) != "127.0.0.1" || about.ConnectedAt == nil || time.Since(*about.ConnectedAt) > time.Minute || about.LastActiveAt == nil {
		t.Errorf("GetConnection: %+v, %v", about, err)
	}

	var tooLarge *types.PayloadTooLargeException
	if err := post(id, string(make([]byte, 128<<10+1))); !errors.As(err, &tooLarge) {
		t.Errorf("129 KB: %v", err)
	}
	var bad smithy.APIError // the SDK has no type for it
	if err := post("no-id", "x"); !errors.As(err, &bad) || bad.ErrorCode() != "BadRequestException" {
		t.Errorf("not an id: %v", err)
	}
	var status *awshttp.ResponseError
	isGone := func(what string, err error) {
		t.Helper()
		var gone *types.GoneException
		if !errors.As(err, &gone) || !errors.As(err, &status) || status.HTTPStatusCode() != http.StatusGone {
			t.Errorf("%s: %v, want GoneException with 410", what, err)
		}
	}
	isGone("never there", post("AAAAAAAAAAAAAAA=", "x"))
	if _, err := client.DeleteConnection(t.Context(), &apigatewaymanagementapi.DeleteConnectionInput{ConnectionId: aws.String(id)}); err != nil {
		t.Errorf("DeleteConnection: %v", err)
	}
	if _, _, err := socket.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
		t.Errorf("closed with %v, want 1000", err)
	}
	isGone("post after delete", post(id, "x"))
	_, err = client.GetConnection(t.Context(), &apigatewaymanagementapi.GetConnectionInput{ConnectionId: aws.String(id)})
	isGone("get after delete", err)
	_, err = client.DeleteConnection(t.Context(), &apigatewaymanagementapi.DeleteConnectionInput{ConnectionId: aws.String(id)})
	isGone("delete after delete", err)
	if gone, err := poster.Post(t.Context(), [][]byte{[]byte("x")}, []string{id, "no-id"}); len(gone) != 2 || err != nil {
		t.Errorf("Post after delete: gone %q, %v", gone, err)
	}
	if err := poster.Close(t.Context(), 1000, "", id); err != nil {
		t.Errorf("Close after delete: %v", err)
	}
}
