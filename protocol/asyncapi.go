package protocol

import "embed"

// AsyncAPI is asyncapi.yaml, the specification of the wire. Both homes serve it
// as /asyncapi.yaml, application/yaml (RFC 9512). Not to be changed.
//
//go:embed asyncapi.yaml
var AsyncAPI []byte

// Specification holds AsyncAPI as a file of that name.
//
//go:embed asyncapi.yaml
var Specification embed.FS
