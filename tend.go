package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"parley/chat"
)

// tendEvery is how often a chat is rid of what it is no longer to keep.
const tendEvery = 5 * time.Minute

// tend has a chat swept now, which finishes what the last run was in the middle
// of, and from then on every tendEvery. stop ends that, and waits for it.
func tend(c *chat.Chat, logger *slog.Logger) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var ended sync.WaitGroup
	ended.Go(func() {
		every := time.NewTicker(tendEvery)
		defer every.Stop()
		for {
			if err := c.Sweep(ctx); err != nil && ctx.Err() == nil {
				logger.Error("not all could be taken away that is no longer to be kept", "error", err)
			}
			select {
			case <-every.C:
			case <-ctx.Done():
				return
			}
		}
	})
	return func() {
		cancel()
		ended.Wait()
	}
}

// greetOperator prints a link for the first operator, as long as there is none.
func greetOperator(ctx context.Context, c *chat.Chat, website string, stdout io.Writer) error {
	token, err := c.FirstOperatorLink(ctx)
	if err != nil || token == "" {
		return err
	}
	_, err = fmt.Fprintf(stdout, "Operator link: %s (for whoever opens it first, within 24 hours)\n", operatorLink(website, token))
	return err
}

// operatorLink carries the token where no server and no log sees it.
func operatorLink(website, token string) string { return website + "/#operator=" + token }
