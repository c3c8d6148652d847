package protocol_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"parley/e2e"
	"parley/protocol"
)

// spec is asyncapi.yaml: as JSON values, and as what can check frames.
type spec struct {
	document map[string]any
	compiler *jsonschema.Compiler
}

func readSpec(t testing.TB) spec {
	t.Helper()
	text, err := os.ReadFile("asyncapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var asYAML any
	if err := yaml.Unmarshal(text, &asYAML); err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(asYAML)
	if err != nil {
		t.Fatal(err)
	}
	document := unmarshal(t, asJSON).(map[string]any)
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft7)
	if err := compiler.AddResource("asyncapi.yaml", document); err != nil {
		t.Fatal(err)
	}
	return spec{document, compiler}
}

func unmarshal(t testing.TB, text []byte) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

// at follows keys down the document.
func (s spec) at(t testing.TB, keys ...string) any {
	t.Helper()
	var v any = s.document
	for _, key := range keys {
		object, ok := v.(map[string]any)
		if !ok || object[key] == nil {
			t.Fatalf("asyncapi.yaml has no %s", strings.Join(keys, "."))
		}
		v = object[key]
	}
	return v
}

func (s spec) schema(t testing.TB, pointer ...string) *jsonschema.Schema {
	t.Helper()
	schema, err := s.compiler.Compile("asyncapi.yaml#/" + strings.Join(pointer, "/"))
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// messages returns the types of the messages whose keys begin with a prefix,
// and the schema of each.
func (s spec) messages(t testing.TB, prefix string) map[string]*jsonschema.Schema {
	t.Helper()
	all := map[string]*jsonschema.Schema{}
	for key, message := range s.at(t, "components", "messages").(map[string]any) {
		kind, ok := strings.CutPrefix(key, prefix)
		if !ok {
			continue
		}
		if name := message.(map[string]any)["name"]; name != kind {
			t.Errorf("message %s has the name %v", key, name)
		}
		s.at(t, "channels", "socket", "messages", key)
		all[kind] = s.schema(t, "components", "messages", key, "payload")
	}
	return all
}

func readFrames(t testing.TB, folder string) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", folder, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden frames in %s: %v", folder, err)
	}
	frames := map[string][]byte{}
	for _, file := range files {
		frame, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		frames[filepath.Base(file)] = frame
	}
	return frames
}

func kindOf(frame any) string {
	object, _ := frame.(map[string]any)
	kind, _ := object["type"].(string)
	return kind
}

// Each golden frame is as specified, and each message that is specified has a
// golden frame.
func TestSpecificationOfGoldenFrames(t *testing.T) {
	s := readSpec(t)
	for folder, prefix := range map[string]string{"actions": "action-", "events": "event-"} {
		schemas := s.messages(t, prefix)
		seen := map[string]bool{}
		for name, text := range readFrames(t, folder) {
			frame := unmarshal(t, text)
			kind := kindOf(frame)
			seen[kind] = true
			if schemas[kind] == nil {
				t.Errorf("%s/%s: asyncapi.yaml has no message %s%s", folder, name, prefix, kind)
				continue
			}
			if err := schemas[kind].Validate(frame); err != nil {
				t.Errorf("%s/%s is not as specified\n%s\n%v", folder, name, text, err)
			}
		}
		for kind := range schemas {
			if !seen[kind] {
				t.Errorf("%s%s has no golden frame in testdata/%s", prefix, kind, folder)
			}
		}
	}
}

func TestSpecificationExamples(t *testing.T) {
	s := readSpec(t)
	for key, message := range s.at(t, "components", "messages").(map[string]any) {
		schema := s.schema(t, "components", "messages", key, "payload")
		examples, _ := message.(map[string]any)["examples"].([]any)
		if len(examples) == 0 {
			t.Errorf("%s has no example", key)
		}
		for i, example := range examples {
			payload := example.(map[string]any)["payload"]
			if err := schema.Validate(payload); err != nil {
				t.Errorf("example %d of %s: %v", i, key, err)
			}
			if strings.HasPrefix(key, "action-") {
				frame, err := json.Marshal(payload)
				if err != nil {
					t.Fatal(err)
				}
				if _, refused := protocol.DecodeAction(frame); refused != nil {
					t.Errorf("example %d of %s is refused: %s: %v", i, key, frame, refused)
				}
			}
		}
	}
}

// What the program refuses the schemas refuse as well, but for what a schema
// cannot say.
func TestSpecificationRefuses(t *testing.T) {
	unsayable := []string{
		"text that escapes to more than fits", // bytes as JSON
		"text only white space",               // \S knows other white space in each language
		"text that cannot be seen",            // as above
		"room not in NFC",
		"after with an exponent", // 1e3 is an integer there
	}
	var cases []struct{ Why, Frame, Code string }
	text, err := os.ReadFile("testdata/refused.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	s := readSpec(t)
	schemas := s.messages(t, "action-")
	tried := 0
	for _, c := range cases {
		if c.Code == string(protocol.Malformed) || slices.Contains(unsayable, c.Why) {
			continue
		}
		tried++
		frame := unmarshal(t, []byte(c.Frame))
		if schema := schemas[kindOf(frame)]; schema != nil && schema.Validate(frame) == nil {
			t.Errorf("%s: the schema takes %.200s", c.Why, c.Frame)
		}
	}
	if tried < 20 {
		t.Errorf("only %d frames tried", tried)
	}
}

// Plants mistakes into good frames: a schema that takes one of them would not
// notice it in a golden frame either.
func TestSpecificationNoticesMistakes(t *testing.T) {
	s := readSpec(t)
	for folder, prefix := range map[string]string{"actions": "action-", "events": "event-"} {
		schemas := s.messages(t, prefix)
		for name, text := range readFrames(t, folder) {
			kind := kindOf(unmarshal(t, text))
			required := s.required(t, prefix+kind)
			for field := range unmarshal(t, text).(map[string]any) {
				wrong := unmarshal(t, text).(map[string]any)
				wrong[field] = []any{map[string]any{"planted": true}}
				if schemas[kind].Validate(wrong) == nil {
					t.Errorf("%s/%s: %q of another type goes unnoticed", folder, name, field)
				}
				if !slices.Contains(required, field) {
					continue
				}
				delete(wrong, field)
				if schemas[kind].Validate(wrong) == nil {
					t.Errorf("%s/%s: the lack of %q goes unnoticed", folder, name, field)
				}
			}
			more := unmarshal(t, text).(map[string]any)
			more["from a later version"] = true
			if err := schemas[kind].Validate(more); err != nil {
				t.Errorf("%s/%s: an unknown field is refused: %v", folder, name, err)
			}
		}
	}
}

func (s spec) required(t testing.TB, message string) []string {
	t.Helper()
	pointer := s.at(t, "components", "messages", message, "payload", "$ref").(string)
	return words(s.at(t, strings.Split(strings.TrimPrefix(pointer, "#/"), "/")...).(map[string]any)["required"])
}

func words(list any) []string {
	var all []string
	items, _ := list.([]any)
	for _, item := range items {
		all = append(all, item.(string))
	}
	return all
}

// The fields of each schema are those of its Go type, and those are required
// that are never left out.
func TestSpecificationFields(t *testing.T) {
	s := readSpec(t)
	for name, goType := range map[string]any{
		"WelcomeEvent": protocol.Welcome{}, "JoinedEvent": protocol.Joined{}, "HistoryEvent": protocol.History{},
		"MessageEvent": protocol.Said{}, "EditEvent": protocol.Edited{}, "DeleteEvent": protocol.Deleted{}, "LeftEvent": protocol.Left{}, "PresenceEvent": protocol.Presence{},
		"TypingEvent": protocol.SomebodyTypes{}, "RenamedEvent": protocol.Renamed{}, "RoomsEvent": protocol.Rooms{},
		"PongEvent": protocol.Pong{}, "NoticeEvent": protocol.Notice{}, "ErrorEvent": protocol.Error{},
		"ModeratedEvent": protocol.Moderated{}, "ModerationEvent": protocol.Moderation{}, "AuditEvent": protocol.Audit{},
		"InvitationEvent": protocol.Invitation{}, "SessionEvent": protocol.Session{}, "ErasedEvent": protocol.Erased{},
		"Ruling": protocol.Ruling{}, "Act": protocol.Act{}, "RoomRules": protocol.RoomRules{},
		"Item": protocol.Item{}, "Change": protocol.Change{}, "Person": protocol.Person{}, "You": protocol.You{},
		"RoomInfo": protocol.RoomInfo{}, "RoomPosition": protocol.RoomPosition{}, "Limits": protocol.Limits{},
	} {
		fields, required := jsonFields(reflect.TypeOf(goType))
		schema := s.at(t, "components", "schemas", name).(map[string]any)
		var specified []string
		for field := range schema["properties"].(map[string]any) {
			specified = append(specified, field)
		}
		same(t, "fields of "+name, specified, fields)
		same(t, "required fields of "+name, words(schema["required"]), required)
	}
}

func jsonFields(goType reflect.Type) (all, required []string) {
	for _, field := range reflect.VisibleFields(goType) {
		if field.Anonymous {
			continue
		}
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		all = append(all, name)
		if !strings.Contains(options, "omit") {
			required = append(required, name)
		}
	}
	return all, required
}

func same(t testing.TB, what string, specified, program []string) {
	t.Helper()
	slices.Sort(specified)
	slices.Sort(program)
	if !slices.Equal(specified, program) {
		t.Errorf("%s:\nasyncapi.yaml has %q\nthe program has   %q", what, specified, program)
	}
}

func TestSpecificationOfErrorCodes(t *testing.T) {
	s := readSpec(t)
	var codes []string
	for _, value := range constantsIn(t, "errors.go", "Code") {
		code, err := strconv.Unquote(value.Value)
		if err != nil {
			t.Fatal(err)
		}
		codes = append(codes, code)
	}
	if len(codes) < 10 {
		t.Fatalf("errors.go: found only %q", codes)
	}
	same(t, "error codes", words(s.at(t, "components", "schemas", "ErrorCode", "enum")), slices.Clone(codes))
	var explained []string
	for code, meaning := range s.at(t, "components", "schemas", "ErrorCode", "x-meanings").(map[string]any) {
		if meaning == "" {
			t.Errorf("%s has no meaning", code)
		}
		explained = append(explained, code)
	}
	same(t, "meanings of error codes", explained, codes)
}

func TestSpecificationOfCloseCodes(t *testing.T) {
	s := readSpec(t)
	var specified, program []string
	for code := range s.at(t, "info", "x-close-codes").(map[string]any) {
		specified = append(specified, code)
	}
	for _, value := range constantsIn(t, "closecodes.go", "") {
		program = append(program, value.Value)
	}
	same(t, "close codes", specified, program)
}

// constantsIn returns the literal values of a file's constants of a type, ""
// for those without one.
func constantsIn(t testing.TB, file, typeName string) []*ast.BasicLit {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var found []*ast.BasicLit
	ast.Inspect(parsed, func(n ast.Node) bool {
		constant, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		name := ""
		if identifier, ok := constant.Type.(*ast.Ident); ok {
			name = identifier.Name
		}
		for _, value := range constant.Values {
			if literal, ok := value.(*ast.BasicLit); ok && name == typeName {
				found = append(found, literal)
			}
		}
		return true
	})
	return found
}

func TestSpecificationOfLimits(t *testing.T) {
	s := readSpec(t)
	fileSet := token.NewFileSet()
	parsed, err := parser.ParseFile(fileSet, "limits.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	checked, err := new(types.Config).Check("protocol", fileSet, []*ast.File{parsed}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var specified, program []string
	for name, limit := range s.at(t, "info", "x-limits").(map[string]any) {
		specified = append(specified, fmt.Sprintf("%s %v", name, limit.(map[string]any)["value"]))
	}
	for _, name := range checked.Scope().Names() {
		limit, ok := checked.Scope().Lookup(name).(*types.Const)
		if !ok || limit.Val().Kind() != constant.Int {
			continue
		}
		short := []rune(strings.Replace(strings.TrimPrefix(name, "Max"), "ID", "Id", 1))
		short[0] = unicode.ToLower(short[0])
		program = append(program, fmt.Sprintf("%s %s", string(short), limit.Val().ExactString()))
	}
	same(t, "limits", specified, program)

	for what, at := range map[string]struct {
		want int
		keys []string
	}{
		"text":         {protocol.MaxTextRunes, []string{"MessageAction", "properties", "text", "maxLength"}},
		"text of edit": {protocol.MaxTextRunes, []string{"EditAction", "properties", "text", "maxLength"}},
		"id":           {protocol.MaxIDBytes, []string{"ActionID", "maxLength"}},
		"room":         {protocol.MaxRoomRunes, []string{"RoomName", "maxLength"}},
		"name":         {protocol.MaxNameRunes, []string{"PersonName", "maxLength"}},
		"people":       {protocol.MaxPeople, []string{"JoinedEvent", "properties", "people", "maxItems"}},
		"hello rooms":  {protocol.MaxRooms, []string{"HelloAction", "properties", "rooms", "maxItems"}},
		"ping rooms":   {protocol.MaxRooms, []string{"PingAction", "properties", "rooms", "maxItems"}},
		"rooms listed": {protocol.MaxRoomsListed, []string{"RoomsEvent", "properties", "rooms", "maxItems"}},
		"history":      {protocol.MaxHistory, []string{"HistoryAction", "properties", "limit", "maximum"}},
		"audit":        {protocol.MaxHistory, []string{"AuditAction", "properties", "limit", "maximum"}},
		"reason":       {protocol.MaxReasonRunes, []string{"Reason", "maxLength"}},
		"slow":         {protocol.MaxSlow, []string{"SlowAction", "properties", "every", "maximum"}},
		"uses":         {protocol.MaxUses, []string{"InviteAction", "properties", "uses", "maximum"}},
		"days":         {protocol.MaxDays, []string{"RetainAction", "properties", "days", "maximum"}},
		"kept":         {protocol.MaxKept, []string{"RetainAction", "properties", "messages", "maximum"}},
		"history page": {protocol.DefaultHistory, []string{"HistoryAction", "properties", "limit", "default"}},
		"sequence":     {protocol.MaxSequence, []string{"Sequence", "maximum"}},
	} {
		got := s.at(t, append([]string{"components", "schemas"}, at.keys...)...)
		if fmt.Sprint(got) != fmt.Sprint(at.want) {
			t.Errorf("%s: asyncapi.yaml has %v, the program %d", what, got, at.want)
		}
	}
	if got := s.at(t, "channels", "socket", "bindings", "ws", "headers", "properties", "Sec-WebSocket-Protocol", "enum"); words(got)[0] != protocol.Subprotocol {
		t.Errorf("sub-protocol %v, want %s", got, protocol.Subprotocol)
	}
}

// The reference parser of AsyncAPI finds no error in the document.
func TestSpecificationIsAsyncAPI(t *testing.T) {
	node := e2e.Need(t, "node")
	e2e.NodeModules(t)
	script := filepath.Join(e2e.Root(t), "e2e", "asyncapi.mjs")
	out, err := exec.CommandContext(t.Context(), node, script, "asyncapi.yaml").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}
