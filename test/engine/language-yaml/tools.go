//go:build tools

// Package tools only names the command to build, so that go.mod and go.sum pin all it needs.
package tools

import _ "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml"
