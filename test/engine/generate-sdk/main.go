// Command generate-sdk writes the SDK of a Pulumi package schema for Go or Python, as `pulumi package add` does with the
// language hosts of a Pulumi release: those cannot be had as Go modules.
//
//	generate-sdk go|python schema.json folder
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	gogen "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	"github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

func main() {
	if len(os.Args) != 4 {
		fail(fmt.Errorf("usage: generate-sdk go|python schema.json folder"))
	}
	files, err := generate(os.Args[1], os.Args[2])
	if err != nil {
		fail(err)
	}
	for name, contents := range files {
		if err := write(filepath.Join(os.Args[3], filepath.FromSlash(name)), contents); err != nil {
			fail(err)
		}
	}
}

func generate(language, path string) (map[string][]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var spec schema.PackageSpec
	if err := json.Unmarshal(text, &spec); err != nil {
		return nil, err
	}
	pkg, err := schema.ImportSpec(spec, nil, schema.NewNullLoader(), schema.ValidationOptions{})
	if err != nil {
		return nil, err
	}
	// With what a package manager needs, as `pulumi package add` has it whatever the schema says.
	pkg.SupportPack = true
	switch language {
	case "go":
		return gogen.GeneratePackage("pulumi", pkg, nil)
	case "python":
		return python.GeneratePackage("pulumi", pkg, nil, nil)
	default:
		return nil, fmt.Errorf("%s is neither go nor python", language)
	}
}

func write(path string, contents []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, contents, 0o644)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "generate-sdk:", err)
	os.Exit(1)
}
