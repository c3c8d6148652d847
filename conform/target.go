package conform

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"
)

// Find returns the target behind an address: that of a socket, ws:// or wss://,
// or that of a site, whose config.json says where its socket is. Only of a site
// the page's origin is known.
func Find(ctx context.Context, address string) (Target, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return Target{}, fmt.Errorf("%q is not the address of a site or a socket", address)
	}
	switch u.Scheme {
	case "ws", "wss":
		return Target{WebSocket: address}, nil
	case "http", "https":
	default:
		return Target{}, fmt.Errorf("%q begins with none of https://, http://, wss://, ws://", address)
	}
	server, err := configured(ctx, u.Scheme+"://"+u.Host+"/config.json")
	if err != nil {
		return Target{}, err
	}
	return Target{WebSocket: server, Origin: strings.ToLower(u.Scheme + "://" + u.Host)}, nil
}

// configured reads the key server of a config.json, as the 2019 sample's page does.
func configured(ctx context.Context, address string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", fmt.Errorf("where is the socket: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("where is the socket: %s answers %s", address, response.Status)
	}
	const most = 64 << 10 // bytes; it is one line
	text, err := io.ReadAll(io.LimitReader(response.Body, most))
	if err != nil {
		return "", fmt.Errorf("read %s: %w", address, err)
	}
	var config struct {
		Server string `json:"server"`
	}
	if err := json.Unmarshal(text, &config); err != nil {
		return "", fmt.Errorf("read %s: %w", address, err)
	}
	if !strings.HasPrefix(config.Server, "ws://") && !strings.HasPrefix(config.Server, "wss://") {
		return "", errors.New(address + ` has no "server" with the address of a socket`)
	}
	return config.Server, nil
}
