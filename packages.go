package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// packages are the Lambda programs that a deployment uploads, as zips that each
// hold one executable, bootstrap, for provided.al2023 on arm64. The same program
// gives the same bytes, so what has not changed is not uploaded again.
//
// A release carries them within itself; any other build makes them with the Go
// toolchain. Which one buildPackages does, the build tag release decides.
type packages struct {
	functions []byte // OnConnect, OnDisconnect and OnAction
	website   []byte // the site's custom resource
}

// packagesCmd writes the zips for those who deploy with tools of their own;
// make release takes them from here, too.
type packagesCmd struct {
	Out string `default:"." placeholder:"DIR" help:"Folder for functions.zip and website.zip, which is made if it is missing. Default: this one."`
}

func (p packagesCmd) Run(ctx context.Context, e *environment) error {
	made, err := buildPackages(ctx, e.stderr)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(p.Out, 0o755); err != nil { // #nosec G301 -- what is in it is no secret
		return err
	}
	for _, zip := range []struct {
		name    string
		content []byte
	}{{"functions.zip", made.functions}, {"website.zip", made.website}} {
		path := filepath.Join(p.Out, zip.name)
		if err := os.WriteFile(path, zip.content, 0o644); err != nil { // #nosec G306
			return err
		}
		if _, err := fmt.Fprintf(e.stdout, "%s  %d bytes\n", path, len(zip.content)); err != nil {
			return err
		}
	}
	return nil
}
