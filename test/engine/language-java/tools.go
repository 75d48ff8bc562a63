//go:build tools

// Package tools only names the commands to build, so that go.mod and go.sum pin all they need.
package tools

import (
	_ "github.com/pulumi/pulumi-dotnet/pulumi-language-dotnet/v3"
	_ "github.com/pulumi/pulumi-java/pkg/cmd/pulumi-language-java"
)
