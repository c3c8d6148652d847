package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"github.com/go-json-experiment/json"
)

func checkURL(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return fmt.Errorf("%q is not the address of a site or a socket", address)
	}
	switch u.Scheme {
	case "http", "https", "ws", "wss":
		return nil
	}
	return fmt.Errorf("%q begins with none of https://, http://, wss://, ws://", address)
}

// socketOf returns the address of the socket behind that of a site or a socket.
// A site's config.json tells it, as it does to the 2019 sample's page; it is
// asked each time, since a site may have moved meanwhile.
func socketOf(ctx context.Context, client *http.Client, address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "ws" || u.Scheme == "wss" {
		return address, err
	}
	config := u.Scheme + "://" + u.Host + "/config.json"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, config, nil)
	if err != nil {
		return "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return "", plainly(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s answers %s", config, response.Status)
	}
	const most = 64 << 10 // bytes; it is one line
	text, err := io.ReadAll(io.LimitReader(response.Body, most))
	if err != nil {
		return "", fmt.Errorf("read %s: %w", config, err)
	}
	var found struct {
		Server string `json:"server"`
	}
	if err := json.Unmarshal(text, &found); err != nil {
		return "", fmt.Errorf("%s is not a chat's: %w", config, err)
	}
	socket, err := url.Parse(found.Server)
	if err != nil || socket.Host == "" || socket.Scheme != "ws" && socket.Scheme != "wss" {
		return "", fmt.Errorf(`%s has no "server" with the address of a socket`, config)
	}
	if u.Scheme == "https" && socket.Scheme == "ws" {
		return "", errors.New(config + " leads from https to ws: a session would be readable on its way")
	}
	return found.Server, nil
}

// plainly is what went wrong on the network, without the request around it.
func plainly(err error) error {
	var network *net.OpError
	if errors.As(err, &network) {
		return network
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return dns
	}
	return err
}
