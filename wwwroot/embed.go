// Package wwwroot is the front-end as it is served.
package wwwroot

import (
	"embed"
	"io/fs"
)

//go:embed index.html app.js app.css elements.css favicon.svg sdk elements
var files embed.FS

// Files returns what a browser may get, by its path without the leading slash,
// and nothing else. config.json, which names the WebSocket, is the server's.
func Files() fs.FS { return files }
