package conform

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"parley/protocol"
)

func handshakeCases() []Case {
	return []Case{
		{"handshake/sub-protocol", "Browsers end a connection whose sub-protocol is not confirmed.", nil, subprotocol},
		{"handshake/unknown sub-protocol", "A client of another version must not believe that it was understood.", nil, unknownSubprotocol},
		{"handshake/client speaks first", "What is sent before the handshake is through is lost on API Gateway.", nil, clientFirst},
		{"handshake/foreign origin", "Any page anywhere could speak in the name of who visits it.", needsOrigin, foreignOrigin},
		{"handshake/own origin", "The page itself could not connect.", needsOrigin, ownOrigin},
	}
}

func needsOrigin(t Target) string {
	if t.Origin == "" {
		return "the origin of the site's page is not known"
	}
	return ""
}

func subprotocol(ctx context.Context, s *Suite) error {
	for _, offer := range [][]string{{protocol.Subprotocol}, {"chat.v9", protocol.Subprotocol}} {
		c, _, err := s.connect(ctx, dialing{subprotocols: offer})
		if err != nil {
			return err
		}
		if got := c.ws.Subprotocol(); got != protocol.Subprotocol {
			return want(ruleSubprotocol, "%s of %q to be confirmed", protocol.Subprotocol, offer).but(fmt.Sprintf("%q", got))
		}
		if _, err := c.hello(ctx, action{}); err != nil {
			return err
		}
	}
	return nil
}

func unknownSubprotocol(ctx context.Context, s *Suite) error {
	c, _, err := s.connect(ctx, dialing{subprotocols: []string{"parley.v999"}})
	if err != nil {
		return nil // refused altogether: nobody is deceived
	}
	if got := c.ws.Subprotocol(); got != "" {
		return want(ruleLeaveOut, "parley.v999 not to be confirmed").but(fmt.Sprintf("%q", got))
	}
	return nil
}

func clientFirst(ctx context.Context, s *Suite) error {
	c, err := s.silent(ctx)
	if err != nil {
		return err
	}
	if err := sleep(ctx, 2*settle); err != nil {
		return err
	}
	if err := c.never(want(ruleSpeakFirst, "nothing before the first action"), 0, func(event) bool { return true }); err != nil {
		return err
	}
	_, err = c.hello(ctx, action{})
	return err
}

// foreignOrigin tries pages that are not the site's: another host, the opaque
// origin of a sandboxed frame or a file, the site's host with another port or
// scheme, and names that only begin or end like it.
func foreignOrigin(ctx context.Context, s *Suite) error {
	own, err := url.Parse(s.target.Origin)
	if err != nil {
		return err
	}
	other := map[string]string{"http": "https", "https": "http"}[own.Scheme]
	for _, origin := range []string{
		"https://example.com", "null", other + "://" + own.Host, own.Scheme + "://" + own.Hostname() + ":1",
		s.target.Origin + ".example.com", own.Scheme + "://example.com." + own.Host, own.Scheme + "://" + own.Host + "@example.com",
	} {
		x := want(ruleOrigin, "a page of %s to be refused with 403", origin)
		_, response, err := s.connect(ctx, dialing{origin: origin, subprotocols: []string{protocol.Subprotocol}})
		switch {
		case err == nil:
			return x.but("a connection")
		case response == nil:
			return fmt.Errorf("origin %s: %w", origin, err)
		case response.StatusCode != http.StatusForbidden:
			return x.but(response.Status)
		}
	}
	return nil
}

func ownOrigin(ctx context.Context, s *Suite) error {
	c, response, err := s.connect(ctx, dialing{origin: s.target.Origin, subprotocols: []string{protocol.Subprotocol}})
	if err != nil {
		if response != nil {
			return want(ruleOrigin, "the page of %s itself to be let in", s.target.Origin).but(response.Status)
		}
		return err
	}
	_, err = c.hello(ctx, action{})
	return err
}
