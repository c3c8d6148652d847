package deploy

import "math"

// Usage is a month of a chat: what people do on the days on which they come.
type Usage struct {
	Days       float64 // in the month
	People     float64 // who come on such a day
	Visits     float64 // times that each of them opens the page
	Hours      float64 // that each is connected, all visits together
	Messages   float64 // that are said, by all together
	Recipients float64 // connections that a message goes to, the sender's own among them: how many are in its room
	Stored     float64 // messages that are kept from before
}

// Sizes are some chats, for those who do not know yet what theirs will be.
var Sizes = []struct {
	Name string
	Usage
}{
	{"nobody comes", Usage{}},
	{"a team of 10, all day long", Usage{Days: 22, People: 10, Visits: 3, Hours: 8, Messages: 500, Recipients: 10, Stored: 100_000}},
	{"a community of 300, in rooms of 40", Usage{Days: 30, People: 300, Visits: 2, Hours: 1, Messages: 3_000, Recipients: 40, Stored: 1_000_000}},
	{"an event of 2,000, one evening", Usage{Days: 1, People: 2_000, Visits: 2, Hours: 4, Messages: 5_000, Recipients: 1_500}},
}

// Bill is what a month costs in US dollars, without taxes. What AWS gives free
// of charge is not subtracted: an account has it once, and may use it up
// elsewhere. Each item tells it.
type Bill struct{ Items []Item }

// Item is one line of a bill.
type Item struct {
	Name     string  `json:"name"`
	Quantity float64 `json:"quantity"`
	Unit     string  `json:"unit"`           // of Quantity: "million frames"
	Price    float64 `json:"price"`          // US dollars for one Unit, in us-east-1
	Dollars  float64 `json:"dollars"`        // Quantity times Price
	Free     string  `json:"free,omitempty"` // what an account has of it free of charge; empty: nothing
	Source   string  `json:"source"`         // where the price stands
}

// Dollars is the sum of a bill.
func (b Bill) Dollars() (sum float64) {
	for _, i := range b.Items {
		sum += i.Dollars
	}
	return sum
}

// step is what something that somebody does takes.
type step struct {
	reads, writes float64 // DynamoDB's request units; a consistent read of 4 KB is one, a write of 1 KB
	calls         float64 // of DynamoDB
	frames, bytes float64 // posted to connections
}

// steps are what people do in a room of so many connections, as the code does it:
// TestCostsAreCounted has it do so and compares.
type steps struct{ connect, hello, message, typing, ping, disconnect, sweep step }

// hints are told in rooms of up to so many people; see functions/bootstrap.
const hints = 20

func stepsIn(room float64) steps {
	const (
		perRead  = 55  // members that one unit reads
		message  = 232 // bytes of a frame with a text of 120 characters
		page     = 9_000
		person   = 65 // bytes in the page's list of people, which has at most 100
		presence = 103
	)
	persons := min(room, 100) // read one unit each, for the page's list; in large rooms half
	if room > hints {
		persons /= 2
	}
	s := steps{
		connect:    step{writes: 1, calls: 2},
		hello:      step{reads: 12.5 + persons + math.Ceil(room/perRead)/2, writes: 3, calls: 15, frames: 2, bytes: page + person*min(room, 100)},
		message:    step{reads: 3 + math.Ceil(room/perRead), writes: 2, calls: 7, frames: room, bytes: room * message},
		ping:       step{reads: 3, calls: 4, frames: 1, bytes: 88},
		disconnect: step{reads: 5 + math.Ceil(room/perRead)/2, writes: 2, calls: 8},
		sweep:      step{reads: 8.5, calls: 9},
	}
	if room <= hints {
		s.typing = step{reads: 3.5, calls: 5, frames: room - 1, bytes: 72 * (room - 1)}
		s.hello.frames += room
		s.hello.bytes += presence * room
		s.disconnect.frames += room - 1
		s.disconnect.bytes += presence * (room - 1)
	}
	return s
}

// The page.
const (
	pageFiles   = 25     // asked for in each visit, and config.json: they may have changed
	pageBytes   = 75_000 // compressed, with headers; later visits take less
	pingsInHour = 15     // one every 4 minutes of silence, at most: wwwroot/sdk/connection.js
)

// sweeps are those of a month with the default SweepHours, each of one room that
// has a retention. Each further room takes five reads: a thousand of them 2 cents
// a month.
const sweeps = 30

// Durations, assumed: nothing of this has run on AWS. A post takes 10 ms, and
// 0.06 ms of OnAction's share of a processor (e2e's BenchmarkFunctions); up to
// 200 are under way at once. Cold starts, some 0.1 s each, are left out.
const (
	callSeconds    = 0.005
	postSeconds    = 0.010
	postCPUSeconds = 0.00006
	ownSeconds     = 0.003
)

func (s step) seconds() float64 {
	t := ownSeconds + s.calls*callSeconds
	if s.frames > 0 {
		t += postSeconds + s.frames*max(postCPUSeconds, postSeconds/200)
	}
	return t
}

// storedBytes are those of a message with a text of 120 characters: its row, the
// claim of its client's id, and 100 bytes that AWS adds to each.
const storedBytes = 500

// alarmMetrics are those that the template's alarms watch.
const alarmMetrics = 9

// Prices of us-east-1, gathered from September to November 2026; other regions
// differ by some per cent. API Gateway's stand in the worked examples of its page,
// CloudFront's and DynamoDB's storage on theirs. The other tables AWS fills in by
// script; their figures are those that several others quote.
const (
	apiPrices    = "https://aws.amazon.com/api-gateway/pricing/"
	lambdaPrices = "https://aws.amazon.com/lambda/pricing/"
	dynamoPrices = "https://aws.amazon.com/dynamodb/pricing/on-demand/"
	frontPrices  = "https://aws.amazon.com/cloudfront/pricing/"
	storePrices  = "https://aws.amazon.com/s3/pricing/"
	watchPrices  = "https://aws.amazon.com/cloudwatch/pricing/"
	clockPrices  = "https://aws.amazon.com/eventbridge/pricing/" // names none for a rule's clock: taken as an event of one's own
)

// Estimate returns what a month costs. Beyond the first price of each, where AWS
// gives discounts, nothing is modelled: they begin at a billion frames and 10 TB.
func Estimate(u Usage) Bill {
	const million, gigabyte = 1e6, 1e9
	visits := u.Days * u.People * u.Visits
	said := u.Days * u.Messages
	minutes := u.Days * u.People * u.Hours * 60
	pings := minutes / 60 * pingsInHour
	typings := 0.0
	if u.Recipients <= hints {
		typings = said // at least once for a text; one every 3 s for long ones
	}
	s := stepsIn(max(u.Recipients, 1))
	times := []struct {
		step
		n, memory float64 // GB of the function
		frame     float64 // that came in for it
	}{
		{s.connect, visits, 0.25, 0}, {s.disconnect, visits, 0.25, 0},
		{s.hello, visits, 1, 1}, {s.message, said, 1, 1}, {s.typing, typings, 1, 1}, {s.ping, pings, 1, 1},
		{s.sweep, sweeps, 1, 0},
	}
	var frames, bytes, invocations, gigabyteSeconds, reads, writes float64
	for _, t := range times {
		frames += t.n * (t.frames + t.frame)
		bytes += t.n * t.bytes
		invocations += t.n
		gigabyteSeconds += t.n * t.memory * t.seconds()
		reads += t.n * t.reads
		writes += t.n * t.writes
	}
	const (
		logShare  = 0.01 // of invocations; the others have nothing to tell
		logBytes  = 500
		artifacts = 0.03 // GB: some versions of two packages, and the page
	)
	asked := visits * (pageFiles + 1)
	items := []Item{
		{Name: "API Gateway, frames in and out", Quantity: frames / million, Unit: "million frames of up to 32 KB", Price: 1.00, Free: "1 million a month in an account's first year", Source: apiPrices},
		{Name: "API Gateway, connections", Quantity: minutes / million, Unit: "million minutes", Price: 0.25, Free: "0.75 million a month in an account's first year", Source: apiPrices},
		{Name: "Lambda, invocations", Quantity: invocations / million, Unit: "million", Price: 0.20, Free: "1 million a month", Source: lambdaPrices},
		{Name: "Lambda, time", Quantity: gigabyteSeconds, Unit: "GB-seconds", Price: 0.0000133334, Free: "400,000 a month", Source: lambdaPrices},
		{Name: "DynamoDB, reads", Quantity: reads / million, Unit: "million units of 4 KB", Price: 0.125, Source: dynamoPrices},
		{Name: "DynamoDB, writes", Quantity: writes / million, Unit: "million units of 1 KB", Price: 0.625, Source: dynamoPrices},
		{Name: "DynamoDB, storage", Quantity: (u.Stored + said) * storedBytes / gigabyte, Unit: "GB", Price: 0.25, Free: "25 GB", Source: dynamoPrices},
		{Name: "CloudFront, requests", Quantity: (asked + visits) / million, Unit: "million", Price: 1.00, Free: "10 million a month", Source: frontPrices},
		{Name: "CloudFront, data to people", Quantity: (bytes + visits*pageBytes) / gigabyte, Unit: "GB", Price: 0.085, Free: "1,000 GB a month", Source: frontPrices},
		{Name: "CloudFront, paths of rooms", Quantity: asked / million, Unit: "million requests looked at", Price: 0.10, Free: "2 million a month", Source: frontPrices},
		{Name: "S3, requests", Quantity: asked / million, Unit: "million", Price: 0.40, Source: storePrices},
		{Name: "S3, packages and page", Quantity: artifacts, Unit: "GB", Price: 0.023, Source: storePrices},
		{Name: "EventBridge, sweeps", Quantity: sweeps / million, Unit: "million events", Price: 1.00, Source: clockPrices},
		{Name: "CloudWatch, alarms", Quantity: alarmMetrics, Unit: "metrics watched", Price: 0.10, Free: "10", Source: watchPrices},
		{Name: "CloudWatch, logs", Quantity: invocations * logShare * logBytes / gigabyte, Unit: "GB", Price: 0.50, Free: "5 GB a month", Source: watchPrices},
	}
	for i := range items {
		items[i].Dollars = items[i].Quantity * items[i].Price
	}
	return Bill{items}
}
