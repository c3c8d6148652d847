package protocol_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"parley/protocol"
)

// A reason is shown in the chat's own words, so that it must not pass for more of
// them, nor turn them around.
func TestReasonIsOneVisibleLine(t *testing.T) {
	for reason, want := range map[string]string{
		"Too loud":                              "Too loud",
		"Übermäßig laut – 🙂":                    "Übermäßig laut – 🙂",
		"  much\tspace\u00a0\u2003here \r\n":    "much space here",
		"two\nlines":                            "two lines",
		"\u202egnp.exe\u202c":                   "gnp.exe",
		"is\u2066o\u2069lated\u200fmark":        "isolatedmark",
		"zero\u200bwidth\ufeff":                 "zerowidth",
		"bell\u0007 and \u001b[31mred\u001b[0m": "bell and [31mred[0m",
		"nul\u0000":                             "nul",
		"u\u0308ber":                            "über",
		"tag\U000E0041":                         "tag",
		"\u200b \n":                             "",
		strings.Repeat("u\u0308", 200):          strings.Repeat("ü", 200),
	} {
		quoted, err := json.Marshal(reason)
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range []string{"mute", "ban", "kick", "lock"} {
			action, wrong := protocol.DecodeAction(fmt.Appendf(nil, `{"type":%q,"room":"hall","person":"p","reason":%s}`, kind, quoted))
			if wrong != nil {
				t.Errorf("%s %q: %v", kind, reason, wrong)
				continue
			}
			if got := reflect.ValueOf(action).Elem().FieldByName("Reason").String(); got != want {
				t.Errorf("%s %q: got %q, want %q", kind, reason, got, want)
			}
		}
	}
	if _, wrong := protocol.DecodeAction([]byte(`{"type":"kick","person":"p","reason":"` + strings.Repeat("x", protocol.MaxReasonRunes+1) + `"}`)); wrong == nil {
		t.Error("a long one was taken")
	}
}
