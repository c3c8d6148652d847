# make release VERSION=v1.2.3 writes programs for others into dist: each one file
# that needs nothing else, with the Lambda functions within, and their checksums.
# Twice the same commit and the same Go give the same checksums. All else that is
# to be done here is a go command; README.md has them.

VERSION ?=
TARGETS ?= linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64

number = $(patsubst v%,%,$(VERSION))
flags = -trimpath -ldflags '-s -w -X main.version=$(number)'

.PHONY: release
release:
	@echo '$(VERSION)' | grep -Eqx 'v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?' || { echo 'usage: make release VERSION=v1.2.3' >&2; exit 2; }
	rm -rf dist
	go run -ldflags '-X main.version=$(number)' . package --out dist
	set -e; for target in $(TARGETS); do \
		system=$${target%/*} arch=$${target#*/}; \
		name=parley_$(number)_$${system}_$$arch; \
		if [ $$system = windows ]; then name=$$name.exe; fi; \
		echo "building dist/$$name"; \
		CGO_ENABLED=0 GOOS=$$system GOARCH=$$arch go build $(flags) -tags release -o dist/$$name .; \
	done
	cd dist && if command -v sha256sum >/dev/null; then sha256sum parley_* *.zip; else shasum -a 256 parley_* *.zip; fi >SHA256SUMS
	@cat dist/SHA256SUMS
