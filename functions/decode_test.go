package functions

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

// BenchmarkDecode is our event beside aws-lambda-go's.
func BenchmarkDecode(b *testing.B) {
	for name, eventType := range map[string]string{"connect": "CONNECT", "message": "MESSAGE"} {
		payload, err := os.ReadFile("testdata/" + name + ".json")
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name+"/ours", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := decode(payload, eventType); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/events", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var e events.APIGatewayWebsocketProxyRequest
				if err := json.Unmarshal(payload, &e); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
