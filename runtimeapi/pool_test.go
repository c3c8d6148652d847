package runtimeapi

import (
	"os"
	"sync"
	"testing"
	"time"
)

// TestPoolForgetsNobody fears that the count of environments drifts, and later invocations wait for nothing.
func TestPoolForgetsNobody(t *testing.T) {
	f, err := NewFunction(FunctionOptions{Name: "OnTest", Program: os.Args[0], MaxEnvironments: 4})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 20 {
				event := "hello"
				if (i+j)%10 == 0 {
					event = "answer-crash"
				}
				f.Invoke(t.Context(), []byte(event))
			}
		})
	}
	all.Wait()
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		f.mu.Lock()
		about, alive, idle, waiting := f.about, f.alive, len(f.idle), len(f.waiting)
		f.mu.Unlock()
		if about == 0 && alive == idle && waiting == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d are about to ask, %d live, %d are idle, %d wait", about, alive, idle, waiting)
		}
	}
}
