package deploy

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func TestStatus(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	_, err := a.status(release("one"))
	wantError(t, err, Unwell, "there is no stack parley in eu-central-1")
	a.mustDeploy("one", "created")

	look := func(word string) *Status {
		t.Helper()
		v, err := a.status(release(word))
		if err != nil {
			t.Fatal(err)
		}
		if v.Well != (v.Err() == nil) {
			t.Errorf("well: %v, and %v", v.Well, v.Err())
		}
		return v
	}
	if v := look("one"); !v.Well || v.Site != "same" || v.State != "CREATE_COMPLETE" || v.Sweep != "every 24 hours" || len(v.Alarms) > 0 {
		t.Errorf("just deployed: %+v", v)
	}
	if v := look("two"); !v.Well || v.Site != "other version" {
		t.Errorf("with a program of another version: %+v", v)
	}

	if _, err := a.deploy(t.Context(), release("one"), Settings{Parameters: map[string]string{"SweepHours": "0"}}); err != nil {
		t.Fatal(err)
	}
	if v := look("one"); !v.Well || v.Sweep != "never" {
		t.Errorf("with no clock: %+v", v)
	}

	bucket := a.describe().outputs["WebsiteBucketName"]
	put := func(key, content string) {
		if _, err := a.s3().PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(content)}); err != nil {
			t.Fatal(err)
		}
	}
	put("index.html", "<title>something else")
	put("stranger.html", "hello")
	put("config.json", `{"server":"wss://elsewhere.example.com/socket"}`)
	if _, err := a.s3().DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: aws.String("sdk/chat.js")}); err != nil {
		t.Fatal(err)
	}
	want := []string{"config.json names another WebSocket", "index.html is another", "sdk/chat.js is missing", "stranger.html is not ours"}
	if v := look("one"); v.Well || v.Site != "changed" || !slices.Equal(v.Drift, want) {
		t.Errorf("changed by hand: got %+v, want drift %q", v, want)
	}

	a.told()
	for _, name := range []string{"a", "b"} {
		put(name, "")
	}
	look("one")
	a.wantTold("site: changed since it was deployed: a is not ours, b is not ours, config.json names another WebSocket, index.html is another, sdk/chat.js is missing and 1 more\n")

	a.mustDeploy("one", "unchanged")
	if _, err := a.s3().DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: aws.String("stranger.html")}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "b"} {
		if _, err := a.s3().DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: &name}); err != nil {
			t.Fatal(err)
		}
	}
	d := a.set(Settings{RestoreSite: true})
	if len(d.Changes) != 1 || d.Changes[0].Resource != "Site" {
		t.Errorf("restoring the site changes %+v", d.Changes)
	}
	if v := look("one"); !v.Well || v.Site != "same" {
		t.Errorf("restored: %+v", v)
	}
	a.mustDeploy("one", "unchanged")
	put(unfinished, "")
	if v := look("one"); v.Well || !slices.Equal(v.Drift, []string{"its last change was not finished"}) {
		t.Errorf("cut: %+v", v)
	}
}

func TestStatusTellsAlarmsOfTheLastDay(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	a.mustDeploy("one", "created")
	a.told()
	a.Alarm("parley-function-errors", "ALARM", "1 error")
	v, err := a.status(release("one"))
	if err != nil || v.Well || len(v.Alarms) != 1 || v.Alarms[0].Name != "parley-function-errors" || !v.Alarms[0].On || v.Alarms[0].Since.IsZero() {
		t.Errorf("one is on: got %+v, %v", v, err)
	}
	a.wantTold("alarm: parley-function-errors since ", "still on: A function of the chat failed")
	a.Alarm("parley-function-errors", "OK", "no more")
	v, err = a.status(release("one"))
	if err != nil || v.Well || len(v.Alarms) != 1 || v.Alarms[0].On {
		t.Errorf("one was on: got %+v, %v", v, err)
	}
	a.wantTold("over: ")
}

// TestStatusOfWhatFailed says how to go on, and shows no address that is none.
func TestStatusOfWhatFailed(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	look := func(state, hint string) {
		t.Helper()
		a.told()
		v, err := a.status(release("one"))
		if err != nil {
			t.Fatal(err)
		}
		e := wantError(t, v.Err(), Unwell, "something to look at")
		if told := a.told(); v.State != state || !strings.Contains(e.Hint, hint) || strings.Contains(told, "URL: \n") {
			t.Errorf("%s: state %s, hint %q\n%s", state, v.State, e.Hint, told)
		}
	}
	a.Fail("Stage", "no")
	a.deploy(t.Context(), release("one"), Settings{})
	look("ROLLBACK_COMPLETE", "parley deploy --region eu-central-1 says why it failed")
	a.Fail("Stage", "")
	a.mustDeploy("one", "created")
	a.Fail("OnActionFunction", "no", "UPDATE", "ROLLBACK")
	a.deploy(t.Context(), release("two"), Settings{})
	look("UPDATE_ROLLBACK_FAILED", "parley deploy --region eu-central-1 tries again to undo")
	a.Fail("OnActionFunction", "no", "DELETE")
	a.destroy(t.Context())
	look("DELETE_FAILED", "parley destroy --region eu-central-1 goes on")
}
