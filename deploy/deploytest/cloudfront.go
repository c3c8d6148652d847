package deploytest

import (
	"encoding/xml"
	"net/http"
	"slices"
	"strings"
	"time"
)

const distributionType = "AWS::CloudFront::Distribution"

type invalidation struct {
	id, distribution, reference string
	created                     time.Time
	paths                       []string
}

type batchXML struct {
	XMLName xml.Name `xml:"InvalidationBatch"`
	Paths   struct {
		Quantity int
		Items    []string `xml:"Items>Path"`
	}
	CallerReference string
}

type distributionXML struct {
	XMLName                       xml.Name
	Id, ARN, Status               string
	LastModifiedTime              string
	InProgressInvalidationBatches int
	DomainName                    string
	DistributionConfig            distributionConfigXML
}

type distributionConfigXML struct {
	XMLName xml.Name `xml:"DistributionConfig"`
	Comment string
	Enabled bool
	Aliases struct {
		Quantity int
		Items    []string `xml:"Items>CNAME"`
	}
	Origins struct {
		Quantity int
		Items    []originXML `xml:"Items>Origin"`
	}
}

type originXML struct {
	Id, DomainName, OriginPath string
	CustomHeaders              struct {
		Quantity int
		Items    []headerXML `xml:"Items>OriginCustomHeader"`
	}
}

type headerXML struct{ HeaderName, HeaderValue string }

// Invalidated are the paths that were invalidated in a distribution, in order.
func (a *AWS) Invalidated(distribution string) (paths []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var all []*invalidation
	for _, i := range a.invalidations {
		if i.distribution == distribution {
			all = append(all, i)
		}
	}
	slices.SortFunc(all, func(x, y *invalidation) int { return x.created.Compare(y.created) })
	for _, i := range all {
		paths = append(paths, i.paths...)
	}
	return paths
}

func (a *AWS) answerCloudFront(w http.ResponseWriter, q *request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	parts := strings.Split(strings.Trim(q.URL.Path, "/"), "/")
	var d *instance
	if len(parts) > 2 {
		if d = a.thing("", distributionType, parts[2]); d == nil {
			writeError(w, q, &apiError{"NoSuchDistribution", "The specified distribution does not exist.", http.StatusNotFound})
			return
		}
	}
	switch q.Operation {
	case "GetDistribution":
		w.Header().Set("ETag", "E"+strings.ToUpper(hash(d.physical, 12)))
		writeXML(w, http.StatusOK, d.distributionXML("Distribution"))
	case "GetDistributionConfig":
		w.Header().Set("ETag", "E"+strings.ToUpper(hash(d.physical, 12)))
		writeXML(w, http.StatusOK, d.distributionConfig())
	case "ListDistributions":
		list := struct {
			XMLName     xml.Name `xml:"DistributionList"`
			MaxItems    int
			IsTruncated bool
			Quantity    int
			Items       []distributionXML `xml:"Items>DistributionSummary"`
		}{MaxItems: 100}
		for _, r := range a.things {
			if r.typ == distributionType {
				list.Items = append(list.Items, r.distributionXML("DistributionSummary"))
			}
		}
		list.Quantity = len(list.Items)
		writeXML(w, http.StatusOK, list)
	case "CreateInvalidation":
		var batch batchXML
		if err := xml.Unmarshal(q.body, &batch); err != nil || batch.CallerReference == "" || len(batch.Paths.Items) == 0 || batch.Paths.Quantity != len(batch.Paths.Items) {
			writeError(w, q, refuse("InvalidArgument", "Your request contains one or more invalid invalidation paths."))
			return
		}
		for _, p := range batch.Paths.Items {
			if !strings.HasPrefix(p, "/") {
				writeError(w, q, refuse("InvalidArgument", "Your request contains one or more invalid invalidation paths."))
				return
			}
		}
		var i *invalidation
		for _, other := range a.invalidations { // the same reference again is the same invalidation
			if other.distribution == d.physical && other.reference == batch.CallerReference {
				i = other
			}
		}
		if i == nil {
			i = &invalidation{"I" + random(capital, 13), d.physical, batch.CallerReference, time.Now(), batch.Paths.Items}
			a.invalidations[i.id] = i
		}
		w.Header().Set("Location", q.URL.Path+"/"+i.id)
		writeXML(w, http.StatusCreated, a.invalidationXML(i))
	case "GetInvalidation":
		i := a.invalidations[parts[4]]
		if i == nil || i.distribution != d.physical {
			writeError(w, q, &apiError{"NoSuchInvalidation", "The specified invalidation does not exist.", http.StatusNotFound})
			return
		}
		writeXML(w, http.StatusOK, a.invalidationXML(i))
	default:
		writeError(w, q, refuse("UnknownOperationException", "deploytest does not know %s of cloudfront", q.Operation))
	}
}

func (r *instance) distributionXML(name string) (d distributionXML) {
	d.XMLName.Local = name
	d.Id, d.ARN, d.Status = r.physical, "arn:aws:cloudfront::"+Account+":distribution/"+r.physical, "Deployed"
	d.LastModifiedTime = stamped(r.updated)
	d.DomainName, _ = r.attribute("DomainName")
	d.DistributionConfig = r.distributionConfig()
	return d
}

// distributionConfig is what callers look at of it: names and origins, secret headers too, as CloudFront tells them.
func (r *instance) distributionConfig() (c distributionConfigXML) {
	config := fields(r.properties["DistributionConfig"])
	c.Comment, c.Enabled = text(config["Comment"]), text(config["Enabled"]) == "true"
	for _, alias := range list(config["Aliases"]) {
		c.Aliases.Items = append(c.Aliases.Items, text(alias))
	}
	c.Aliases.Quantity = len(c.Aliases.Items)
	for _, one := range list(config["Origins"]) {
		f := fields(one)
		o := originXML{Id: text(f["Id"]), DomainName: text(f["DomainName"]), OriginPath: text(f["OriginPath"])}
		for _, h := range list(f["OriginCustomHeaders"]) {
			o.CustomHeaders.Items = append(o.CustomHeaders.Items, headerXML{text(fields(h)["HeaderName"]), text(fields(h)["HeaderValue"])})
		}
		o.CustomHeaders.Quantity = len(o.CustomHeaders.Items)
		c.Origins.Items = append(c.Origins.Items, o)
	}
	c.Origins.Quantity = len(c.Origins.Items)
	return c
}

// invalidationXML is in progress for half a minute of AWS.
func (a *AWS) invalidationXML(i *invalidation) any {
	status := "InProgress"
	if time.Since(i.created) > a.real(30) {
		status = "Completed"
	}
	batch := batchXML{CallerReference: i.reference}
	batch.Paths.Quantity, batch.Paths.Items = len(i.paths), i.paths
	return struct {
		XMLName                xml.Name `xml:"Invalidation"`
		Id, Status, CreateTime string
		InvalidationBatch      batchXML
	}{Id: i.id, Status: status, CreateTime: stamped(i.created), InvalidationBatch: batch}
}

func writeXML(w http.ResponseWriter, status int, v any) {
	b, err := xml.Marshal(v)
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	w.Write(append([]byte(xml.Header), b...))
}
