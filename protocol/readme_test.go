package protocol_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestReadme holds what README.md says to the golden frames, to the
// specification, and with it to the program: each example is a golden frame and
// each golden frame an example; each code and limit is there with its meaning.
func TestReadme(t *testing.T) {
	b, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	readme := string(b)

	shown := map[string]bool{}
	for _, line := range regexp.MustCompile(`(?m)^[<>] .*$`).FindAllString(readme, -1) {
		shown[line] = true
	}
	for folder, sign := range map[string]string{"actions": "> ", "events": "< "} {
		for name, frame := range readFrames(t, folder) {
			line := sign + strings.TrimSpace(string(frame))
			if !shown[line] {
				t.Errorf("%s/%s is not shown: %s", folder, name, line)
			}
			delete(shown, line)
		}
	}
	for line := range shown {
		t.Errorf("no golden frame: %s", line)
	}

	rows := map[string]string{} // the first cell, and what follows
	for _, cells := range regexp.MustCompile("(?m)^\\| `?([a-z_A-Z0-9]+)`? \\| (.*) \\|$").FindAllStringSubmatch(readme, -1) {
		rows[cells[1]] = cells[2]
	}
	delete(rows, "code") // the heading of the errors
	s := readSpec(t)
	for code, meaning := range s.at(t, "components", "schemas", "ErrorCode", "x-meanings").(map[string]any) {
		said, advised, _ := strings.Cut(rows[code], " | ")
		if said != meaning || advised == "" {
			t.Errorf("error %s: %q, want %q and what a client does", code, rows[code], meaning)
		}
		delete(rows, code)
	}
	for code, meaning := range s.at(t, "info", "x-close-codes").(map[string]any) {
		if rows[code] != meaning {
			t.Errorf("close code %s: %q, want %q", code, rows[code], meaning)
		}
		delete(rows, code)
	}
	for name, limit := range s.at(t, "info", "x-limits").(map[string]any) {
		value := fmt.Sprint(limit.(map[string]any)["value"])
		said, _, _ := strings.Cut(rows[name], " ")
		if said = strings.ReplaceAll(said, ",", ""); said != value && !(name == "sequence" && strings.HasPrefix(rows[name], "2^53 − 1")) {
			t.Errorf("limit %s: %q, want %s", name, rows[name], value)
		}
		delete(rows, name)
	}
	for name, rate := range s.at(t, "info", "x-rates").(map[string]any) {
		told := rate.(map[string]any)
		if want := fmt.Sprintf("`%s` | %s", told["rate"], told["meaning"]); rows[name] != want {
			t.Errorf("rate %s: %q, want %q", name, rows[name], want)
		}
		delete(rows, name)
	}
	delete(rows, "what") // the heading of the rates
	for name := range rows {
		t.Errorf("%s is in no part of the specification", name)
	}
	for _, link := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(readme, -1) {
		if _, err := os.Stat(link[1]); err != nil {
			t.Errorf("link %s: %v", link[1], err)
		}
	}
}
