package sqlite

import (
	"os"
	"regexp"
	"strconv"
	"testing"

	"modernc.org/libc"
)

// TestHoardGivenBack frees more than SQLite's allocator holds ready.
func TestHoardGivenBack(t *testing.T) {
	tls := libc.NewTLS()
	defer tls.Close()
	var used [2 * hoard / region]uintptr
	for i := range used {
		const size = region - region/16
		used[i] = libc.Xmalloc(tls, size)
		libc.Xmemset(tls, used[i], 1, size) // now the system has to provide it
	}
	for _, p := range used {
		libc.Xfree(tls, p)
	}
	before := resident(t)
	giveBackHoard()
	if got := before - resident(t); got < hoard/2 {
		t.Errorf("%d bytes were given back, of %d that were ready", got, hoard)
	}
}

// resident is the memory that the system has given this process for its own.
func resident(t *testing.T) (bytes int) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^RssAnon:\s*(\d+) kB$`).FindSubmatch(status)
	if m == nil {
		t.Skip("this kernel does not tell how much memory is a process's own")
	}
	kilobytes, err := strconv.Atoi(string(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	return kilobytes << 10
}
