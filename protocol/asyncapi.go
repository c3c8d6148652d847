package protocol

import _ "embed"

// AsyncAPI is asyncapi.yaml, the specification of the wire. Both homes serve it
// as /asyncapi.yaml, application/yaml (RFC 9512). Not to be changed.
//
//go:embed asyncapi.yaml
var AsyncAPI []byte
