package runtimeapi_test

import (
	"log/slog"
	"net"
	"net/http"

	"parley/gateway"
	"parley/runtimeapi"
)

// One function binary behind all three routes, posting to its connections over @connections.
func Example() {
	sockets := gateway.New(gateway.Options{Stage: "live", Logger: slog.Default()}.LikeAPIGateway())
	management, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go http.Serve(management, sockets.Management())

	var functions [3]*runtimeapi.Function
	for i, name := range []string{"OnConnect", "OnDisconnect", "OnAction"} {
		functions[i], err = runtimeapi.NewFunction(runtimeapi.FunctionOptions{
			Name: name, Program: "./bootstrap", Logger: slog.Default(),
			Env: map[string]string{"MANAGEMENT_ENDPOINT": "http://" + management.Addr().String() + "/live"},
		})
		if err != nil {
			panic(err)
		}
		defer functions[i].Close() // after the gateway's Shutdown, which still has events for them
	}
	ln, err := net.Listen("tcp", "127.0.0.1:8080")
	if err != nil {
		panic(err)
	}
	sockets.Serve(ln, runtimeapi.NewGateway(runtimeapi.GatewayOptions{
		OnConnect: functions[0], OnDisconnect: functions[1], OnAction: functions[2], Stage: "live",
	}))
}
