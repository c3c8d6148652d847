package deploytest

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/johannesboyne/gofakes3"
)

const bucketType = "AWS::S3::Bucket"

// keptCacheControl carries Cache-Control through gofakes3, which keeps X-Amz- headers with an object and drops that one.
const keptCacheControl = "X-Amz-Cache-Control"

// newS3 is gofakes3 with what it lacks in front: buckets' sub-resources, which it takes for the bucket itself, regions,
// and Cache-Control.
func (a *AWS) newS3() http.Handler {
	objects := gofakes3.New(a.objects, gofakes3.WithTimeSkewLimit(0)).Server()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		q := &request{Request: r, Call: Call{Service: "s3"}}
		if owner := r.Header.Get("X-Amz-Expected-Bucket-Owner"); owner != "" && owner != Account || a.isForeign(bucket) && s3Operation(r) != "CreateBucket" {
			writeError(w, q, &apiError{"AccessDenied", "Access Denied", http.StatusForbidden})
			return
		}
		if sub := subresource(r); sub != "" && (key == "" || sub == "tagging" || sub == "acl") {
			if err := a.answerSubresource(w, r, bucket, key, sub); err != nil {
				writeError(w, q, err)
			}
			return
		}
		if s3Operation(r) == "CreateBucket" {
			if err := a.checkNewBucket(r, bucket); err != nil {
				writeError(w, q, err)
				return
			}
		}
		if s3Operation(r) == "DeleteBucket" {
			if err := a.deleteBucket(bucket); err != nil {
				writeError(w, q, err)
				return
			}
			w.WriteHeader(http.StatusNoContent)
			return
		}
		if v := r.Header.Get("Cache-Control"); v != "" && r.Method == http.MethodPut {
			r.Header.Set(keptCacheControl, v)
		}
		if s3Operation(r) == "DeleteObjects" {
			if err := withoutNullVersions(r); err != nil {
				writeError(w, q, err)
				return
			}
		}
		kept := &cacheControlWriter{ResponseWriter: w}
		objects.ServeHTTP(kept, r)
		if !kept.begun { // a HEAD
			kept.WriteHeader(http.StatusOK)
		}
	})
}

// Foreign makes a bucket that belongs to somebody else's account: its name is taken and nothing of it may be seen.
func (a *AWS) Foreign(bucket string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.foreign[bucket] = true
}

// isForeign is asked before anything of a bucket, but for its creation.
func (a *AWS) isForeign(bucket string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.foreign[bucket]
}

// cacheControlWriter gives an object's Cache-Control back under its own name.
type cacheControlWriter struct {
	http.ResponseWriter
	begun bool
}

func (w *cacheControlWriter) WriteHeader(status int) {
	w.begun = true
	h := w.Header()
	if v := h.Get(keptCacheControl); v != "" {
		h.Set("Cache-Control", v)
	}
	h.Del(keptCacheControl)
	w.ResponseWriter.WriteHeader(status)
}

func (w *cacheControlWriter) Write(b []byte) (int, error) {
	if !w.begun {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(b)
}

// absent is what S3 answers for a sub-resource that was never put.
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
var absent = map[string]string{
	"policy": "NoSuchBucketPolicy", "publicAccessBlock": "NoSuchPublicAccessBlockConfiguration",
	"encryption": "ServerSideEncryptionConfigurationNotFoundError", "lifecycle": "NoSuchLifecycleConfiguration",
	"tagging": "NoSuchTagSet", "ownershipControls": "OwnershipControlsNotFoundError", "website": "NoSuchWebsiteConfiguration",
	"cors": "NoSuchCORSConfiguration", "location": "", "logging": "", "acl": "", "notification": "",
}

func subresource(r *http.Request) string {
	query := r.URL.Query()
	for sub := range absent {
		if query.Has(sub) {
			return sub
		}
	}
	return ""
}

func (a *AWS) answerSubresource(w http.ResponseWriter, r *http.Request, bucket, key, sub string) error {
	if err := a.bucketExists(bucket); err != nil {
		return err
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	id := bucket + "/" + key + "?" + sub
	switch r.Method {
	case http.MethodPut:
		if sub == "policy" && !json.Valid(body) {
			return refuse("MalformedPolicy", "Policies must be valid JSON and the first byte must be '{'")
		}
		a.subresources[id] = body
		if sub == "policy" {
			w.WriteHeader(http.StatusNoContent)
		}
	case http.MethodDelete:
		delete(a.subresources, id)
		w.WriteHeader(http.StatusNoContent)
	default:
		kept, found := a.subresources[id]
		switch {
		case found:
		case absent[sub] != "":
			return &apiError{absent[sub], "The " + sub + " configuration does not exist", http.StatusNotFound}
		default:
			kept = []byte(xml.Header + "<Empty/>")
		}
		w.Header().Set("Content-Type", "application/xml")
		w.Write(kept)
	}
	return nil
}

func (a *AWS) bucketExists(bucket string) error {
	exists, err := a.objects.BucketExists(bucket)
	if err == nil && !exists {
		err = &apiError{"NoSuchBucket", "The specified bucket does not exist", http.StatusNotFound}
	}
	return err
}

// checkNewBucket refuses what gofakes3 takes or refuses in other words: a bucket outside of its endpoint's region, and
// one that is there. It keeps the region.
func (a *AWS) checkNewBucket(r *http.Request, bucket string) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	var config struct{ LocationConstraint string }
	if len(body) > 0 {
		if err := xml.Unmarshal(body, &config); err != nil {
			return refuse("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
		}
	}
	region := Region
	if q, err := read(r); err == nil {
		region = q.region
	}
	switch asked := config.LocationConstraint; {
	case region == "us-east-1" && asked == "us-east-1":
		return refuse("InvalidLocationConstraint", "The specified location-constraint is not valid")
	case region != "us-east-1" && asked != region:
		return refuse("IllegalLocationConstraintException",
			"The %s location constraint is incompatible for the region specific endpoint this request was sent to.", orUnspecified(asked))
	}
	if a.isForeign(bucket) {
		return &apiError{"BucketAlreadyExists", "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.", http.StatusConflict}
	}
	if a.bucketExists(bucket) == nil {
		return &apiError{"BucketAlreadyOwnedByYou", "Your previous request to create the named bucket succeeded and you already own it.", http.StatusConflict}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.keepLocation(bucket, region)
	return nil
}

// withoutNullVersions says what gofakes3 understands: an object of a bucket without versions has the version null,
// which it lists and does not delete.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html
func withoutNullVersions(r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	body = bytes.ReplaceAll(body, []byte("<VersionId>null</VersionId>"), nil)
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return err
}

func orUnspecified(region string) string {
	if region == "" {
		return "unspecified"
	}
	return region
}

func (a *AWS) keepLocation(bucket, region string) {
	if region == "us-east-1" {
		region = "" // https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html
	}
	a.subresources[bucket+"/?location"] = fmt.Appendf(nil,
		`%s<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">%s</LocationConstraint>`, xml.Header, region)
}

// deleteBucket deletes an empty bucket and what belonged to it. gofakes3 says no word about one that is not empty.
func (a *AWS) deleteBucket(bucket string) error {
	if err := a.bucketExists(bucket); err != nil {
		return err
	}
	err := a.objects.DeleteBucket(bucket)
	if gofakes3.HasErrorCode(err, gofakes3.ErrBucketNotEmpty) {
		return &apiError{"BucketNotEmpty", "The bucket you tried to delete is not empty", http.StatusConflict}
	}
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for id := range a.subresources {
		if strings.HasPrefix(id, bucket+"/") {
			delete(a.subresources, id)
		}
	}
	return nil
}

// object is what is stored under a key, and the error S3 gives if nothing is.
func (a *AWS) object(bucket, key string) ([]byte, error) {
	if err := a.bucketExists(bucket); err != nil {
		return nil, err
	}
	o, err := a.objects.GetObject(bucket, key, nil)
	if err != nil {
		return nil, &apiError{"NoSuchKey", "The specified key does not exist.", http.StatusNotFound}
	}
	defer o.Contents.Close()
	return io.ReadAll(o.Contents)
}

// s3Operation names a request as an IAM policy or a log of AWS would.
func s3Operation(r *http.Request) string {
	query := r.URL.Query()
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	verb := map[string]string{"GET": "Get", "PUT": "Put", "DELETE": "Delete", "HEAD": "Head", "POST": "Post"}[r.Method]
	if sub := subresource(r); sub != "" {
		if key != "" {
			return verb + "Object" + strings.ToUpper(sub[:1]) + sub[1:]
		}
		name := map[string]string{
			"publicAccessBlock": "PublicAccessBlock", "lifecycle": "BucketLifecycleConfiguration", "ownershipControls": "BucketOwnershipControls",
			"notification": "BucketNotificationConfiguration",
		}[sub]
		if name == "" {
			name = "Bucket" + strings.ToUpper(sub[:1]) + sub[1:]
		}
		return verb + name
	}
	has := func(name string) bool { return query.Has(name) }
	switch {
	case bucket == "":
		return "ListBuckets"
	case has("versioning"):
		return verb + "BucketVersioning"
	case has("uploads") && r.Method == http.MethodPost:
		return "CreateMultipartUpload"
	case has("uploads"):
		return "ListMultipartUploads"
	case has("uploadId"):
		return map[string]string{"PUT": "UploadPart", "POST": "CompleteMultipartUpload", "DELETE": "AbortMultipartUpload", "GET": "ListParts"}[r.Method]
	case key == "" && r.Method == http.MethodPost && has("delete"):
		return "DeleteObjects"
	case key == "" && has("versions"):
		return "ListObjectVersions"
	case key == "" && r.Method == http.MethodGet && query.Get("list-type") == "2":
		return "ListObjectsV2"
	case key == "" && r.Method == http.MethodGet:
		return "ListObjects"
	case key == "" && r.Method == http.MethodPut:
		return "CreateBucket"
	case key == "":
		return verb + "Bucket"
	case r.Header.Get("X-Amz-Copy-Source") != "":
		return "CopyObject"
	}
	return verb + "Object"
}
