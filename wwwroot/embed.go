// Package wwwroot is the front-end as it is served.
package wwwroot

import (
	"crypto/sha256"
	"embed"
	"encoding/binary"
	"encoding/hex"
	"io/fs"
)

//go:embed index.html app.js app.css later.css favicon.svg sdk elements
var files embed.FS

// Files returns what a browser may get, by its path without the leading slash,
// and nothing else. config.json, which names the WebSocket, is the server's.
func Files() fs.FS { return WithSpecification(files) }

// Hash names the site: SHA-256 in hex over the paths of Files, sorted, and their
// contents. Two sites with one hash are the same byte for byte.
func Hash() string { return hashOf(Files()) }

// hashOf writes a length before each path and content, so that what ends one
// cannot begin the next.
func hashOf(site fs.FS) string {
	sum := sha256.New()
	write := func(b []byte) {
		sum.Write(binary.BigEndian.AppendUint64(nil, uint64(len(b))))
		sum.Write(b)
	}
	err := fs.WalkDir(site, ".", func(path string, d fs.DirEntry, err error) error { // in the order of paths
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(site, path)
		write([]byte(path))
		write(content)
		return err
	})
	if err != nil {
		panic(err) // what is embedded can be read
	}
	return hex.EncodeToString(sum.Sum(nil))
}
