package client_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"

	"parley/client"
)

// A bot that answers. It stays the same bot from one run to the next, and what
// it could not send goes when it runs again.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	site := exampleSite() // http://127.0.0.1:8080, where parley serve runs
	defer site.stop()

	state, err := os.MkdirTemp("", "bot-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(state)
	outbox := client.NewOutboxFile(filepath.Join(state, "outbox"))
	defer outbox.Close()
	bot, err := client.Dial(ctx, client.Options{
		URL: site.url, Name: "echo bot",
		Identity: client.IdentityFile(filepath.Join(state, "identity.json")), Outbox: outbox,
	})
	if err != nil {
		log.Fatal(err)
	}
	defer bot.Close()
	room, err := bot.Join(ctx, "general", client.Now())
	if err != nil {
		log.Fatal(err)
	}
	go site.say(ctx, "!echo Is anybody there?") // somebody else does

	for entry, err := range room.Entries(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		words, asked := strings.CutPrefix(entry.Text, "!echo ")
		if entry.Kind != client.KindMessage || !asked || entry.Person == bot.You().ID {
			continue
		}
		seq, err := room.Send(ctx, words)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s asked at %d and was answered at %d\n", entry.From, entry.Seq, seq)
		return
	}
	// Output: Ada asked at 1 and was answered at 2
}

// Each entry is dealt with once, also when the program ends in between: the
// position is kept together with what was done.
func ExampleRoom_Position() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	site := exampleSite()
	defer site.stop()
	for _, text := range []string{"one", "two", "three"} {
		site.say(ctx, text)
	}

	var kept client.Position // in a file or a database, with what it counts
	for range 3 {            // runs of the program, which deal with one entry each
		c, err := client.Dial(ctx, client.Options{URL: site.url})
		if err != nil {
			log.Fatal(err)
		}
		room, err := c.Join(ctx, "general", client.After(kept))
		if err != nil {
			log.Fatal(err)
		}
		entry, err := room.Next(ctx)
		if err != nil {
			log.Fatal(err)
		}
		kept = room.Position()
		fmt.Println(kept.Seq, entry.Text)
		c.Close()
	}
	// Output:
	// 1 one
	// 2 two
	// 3 three
}
