package wwwroot

import (
	"mime"
	"path"
	"strings"
)

// ContentType is what a file of the site is served as, here and from S3. It does
// not ask the machine's own table, which may say anything.
func ContentType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".json":
		return "application/json"
	case ".yaml":
		return "application/yaml" // RFC 9512
	case ".txt", ".LICENSE", ".md":
		return "text/plain; charset=utf-8"
	}
	if t := mime.TypeByExtension(path.Ext(name)); strings.HasPrefix(t, "image/") {
		return t
	}
	return "application/octet-stream"
}
