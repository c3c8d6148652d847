package main

import (
	"crypto/md5" // #nosec G501 -- S3's ETag is one
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"parley/wwwroot"
)

// file is an object of the bucket.
type file struct {
	name         string // its key
	content      []byte
	contentType  string
	cacheControl string
}

// Browsers ask each time, as of the local server; the answer is mostly 304.
// CloudFront keeps the files until put invalidates them, and for a day should that
// get lost. The page itself it asks for each time, so that a page never comes long
// before the files it names.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Expiration.html
const (
	keptByCloudFront = "public, max-age=0, s-maxage=86400" // seconds
	askedForEachTime = "no-cache"
	neverKept        = "no-store"
)

// etag is what S3 tells of the content where it encrypts with its own keys, which
// the template has it do. Otherwise it tells something else, and each file counts
// as changed each time.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
func (f file) etag() string {
	sum := md5.Sum(f.content) // #nosec G401
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

// siteFiles returns what the bucket is to hold, config.json first, and no file
// before those that it imports: whoever gets a new one finds all that it needs, and the
// page, which names them all, is the last.
func siteFiles(site fs.FS, server string) ([]file, error) {
	config, err := json.Marshal(map[string]string{"server": server})
	if err != nil {
		return nil, err
	}
	files := []file{{"config.json", append(config, '\n'), wwwroot.ContentType("config.json"), neverKept}}
	done := map[string]bool{}
	var add func(name string) error
	add = func(name string) error {
		if done[name] {
			return nil // or under way: modules may import each other
		}
		done[name] = true
		content, err := fs.ReadFile(site, name)
		if err != nil {
			return err
		}
		for _, imported := range imports(name, content) {
			if _, err := fs.Stat(site, imported); err != nil {
				continue // wwwroot's own tests look for these
			}
			if err := add(imported); err != nil {
				return err
			}
		}
		if name != page {
			files = append(files, file{name, content, wwwroot.ContentType(name), keptByCloudFront})
		}
		return nil
	}
	err = fs.WalkDir(site, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return add(name)
	})
	if err != nil {
		return nil, err
	}
	content, err := fs.ReadFile(site, page)
	return append(files, file{page, content, wwwroot.ContentType(page), askedForEachTime}), err
}

// page is what CloudFront answers / and /r/{room} with.
const page = "index.html"

// importStatement is one of a module, as formatted code has it: at the beginning
// of a line. The rest of that line, up to its end, is the module's own name.
var importStatement = regexp.MustCompile(`(?m)^(?:import|export)\b[^'"]*?['"](\.[^'"\n]+)['"]`)

// imports are the files that a module imports, by their paths in the site.
func imports(name string, content []byte) (names []string) {
	if !strings.HasSuffix(name, ".js") {
		return nil
	}
	for _, m := range importStatement.FindAllSubmatch(content, -1) {
		names = append(names, path.Join(path.Dir(name), string(m[1])))
	}
	return names
}
