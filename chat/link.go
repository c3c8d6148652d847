package chat

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"time"

	"parley/protocol"
)

// OperatorLinkAge is how long a link that makes an operator is good for.
const OperatorLinkAge = 24 * time.Hour

// newLink returns the token of a link, 128 random bits in base64url, and the
// hash under which it is kept. The token itself is stored nowhere here.
func (c *Chat) newLink() (token, hash string, err error) {
	var b [16]byte
	if _, err := io.ReadFull(c.random, b[:]); err != nil {
		return "", "", fmt.Errorf("random link: %w", err)
	}
	token = base64.RawURLEncoding.EncodeToString(b[:])
	return token, LinkHash(token), nil
}

// LinkHash is under what a link is kept: SHA-256 of its token, in hex.
func LinkHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// Command is who does what whoever runs the chat does by a command.
var Command = Person{Name: "operator's command"}

// OperatorLink returns the token of a new link that makes its bearer an operator,
// once, within OperatorLinkAge. It is for whoever runs the chat.
func (c *Chat) OperatorLink(ctx context.Context) (token string, err error) {
	return c.operatorLink(ctx, "")
}

// atStart is the Text of an operator link that was made without being asked for.
const atStart = "start"

// FirstOperatorLink is OperatorLink for the start of a chat: it returns nothing
// where there is an operator already. The links of earlier starts end with it,
// so that there is never more than one of them.
func (c *Chat) FirstOperatorLink(ctx context.Context) (token string, err error) {
	rules, err := c.Rules.AllRules(ctx)
	if err != nil {
		return "", fmt.Errorf("look for an operator: %w", err)
	}
	for _, r := range rules {
		if r.Kind == RuleRole && r.Text == protocol.RoleOperator {
			return "", nil
		}
	}
	for _, r := range rules {
		if r.Kind == RuleOperatorLink && r.Text == atStart {
			if _, _, err := c.lift(ctx, r.Kind, r.Room, r.Subject); err != nil {
				return "", fmt.Errorf("end a link: %w", err)
			}
		}
	}
	return c.operatorLink(ctx, atStart)
}

func (c *Chat) operatorLink(ctx context.Context, text string) (token string, err error) {
	token, hash, err := c.newLink()
	if err != nil {
		return "", err
	}
	now := c.millis()
	err = c.layDown(ctx, Rule{Kind: RuleOperatorLink, Subject: hash, Text: text, ByName: Command.Name, At: now, Until: now + OperatorLinkAge.Milliseconds()})
	if err != nil {
		return "", fmt.Errorf("store a link: %w", err)
	}
	return token, nil
}
