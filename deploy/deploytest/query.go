package deploytest

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// operation of the query protocol: what it returns is the result element, nil an empty one.
// It is called with the account locked.
type queryOperation func(a *AWS, q *request) (any, error)

// answerQuery serves the query protocol: a form comes in, XML goes out.
func (a *AWS) answerQuery(w http.ResponseWriter, q *request, operations map[string]queryOperation, namespace string) {
	operation := operations[q.Operation]
	if operation == nil {
		writeError(w, q, refuse("InvalidAction", "Could not find operation %s for version %s", q.Operation, q.form.Get("Version")))
		return
	}
	a.mu.Lock()
	result, err := operation(a, q)
	a.mu.Unlock()
	if err != nil {
		writeError(w, q, err)
		return
	}
	var answer bytes.Buffer
	fmt.Fprintf(&answer, `<%sResponse xmlns="%s">`, q.Operation, namespace)
	if result == nil {
		result = struct{}{}
	}
	start := xml.StartElement{Name: xml.Name{Local: q.Operation + "Result"}}
	if err := xml.NewEncoder(&answer).EncodeElement(result, start); err != nil {
		panic(fmt.Sprintf("%s: %v", q.Operation, err))
	}
	fmt.Fprintf(&answer, `<ResponseMetadata><RequestId>%s</RequestId></ResponseMetadata></%sResponse>`, requestID(), q.Operation)
	w.Header().Set("Content-Type", "text/xml")
	w.Write(answer.Bytes()) // nobody may be there any more to read it
}

// writeError refuses a call in the words of its service's protocol.
func writeError(w http.ResponseWriter, q *request, err error) {
	e, ok := err.(*apiError)
	if !ok {
		e = &apiError{code: "InternalFailure", message: err.Error(), status: http.StatusInternalServerError}
	}
	status := e.status
	if status == 0 {
		status = http.StatusBadRequest
	}
	id := requestID()
	w.Header().Set("X-Amzn-Requestid", id)
	switch q.Service {
	case "s3":
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		if q.Method != http.MethodHead {
			fmt.Fprintf(w, "%s<Error><Code>%s</Code><Message>%s</Message><RequestId>%s</RequestId></Error>", xml.Header, e.code, escape(e.message), id)
		}
	case "cloudformation", "sts", "cloudfront":
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(status)
		fmt.Fprintf(w, "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>%s</RequestId></ErrorResponse>",
			e.code, escape(e.message), id)
	case "monitoring":
		writeCBORError(w, status, e)
	default:
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.Header().Set("X-Amzn-Errortype", e.code)
		w.WriteHeader(status)
		b, _ := json.Marshal(map[string]string{"__type": e.code, "message": e.message})
		w.Write(b)
	}
}

func escape(s string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		panic(err)
	}
	return b.String()
}

// members are the values of a list of strings: name.member.1, name.member.2 …
func (q *request) members(name string) (all []string) {
	for i := 1; ; i++ {
		v, ok := q.form[name+".member."+strconv.Itoa(i)]
		if !ok {
			return all
		}
		all = append(all, v...)
	}
}

// structures are the members of a list of structures, each a function that reads one of its fields.
func (q *request) structures(name string) (all []func(field string) string) {
	for i := 1; ; i++ {
		prefix := fmt.Sprintf("%s.member.%d.", name, i)
		found := false
		for key := range q.form {
			found = found || strings.HasPrefix(key, prefix)
		}
		if !found {
			return all
		}
		all = append(all, func(field string) string { return q.form.Get(prefix + field) })
	}
}

// page cuts one page out of all, from where the last one ended. Tokens are opaque to callers.
func page[T any](a *AWS, q *request, all []T) (part []T, next string, err error) {
	from := 0
	if token := q.form.Get("NextToken"); token != "" {
		if from, err = strconv.Atoi(strings.TrimPrefix(token, "after-")); err != nil || from < 0 || from > len(all) {
			return nil, "", invalid("1 validation error detected: Value at 'nextToken' is not valid")
		}
	}
	to := min(from+a.pageSize(), len(all))
	if to < len(all) {
		next = "after-" + strconv.Itoa(to)
	}
	return all[from:to], next, nil
}

var securityTokens = map[string]queryOperation{"GetCallerIdentity": func(*AWS, *request) (any, error) {
	return struct{ Arn, UserId, Account string }{"arn:aws:iam::" + Account + ":user/deployer", "AIDACKCEVSQ6C2EXAMPLE", Account}, nil
}}
