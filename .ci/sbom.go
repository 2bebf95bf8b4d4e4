// Sbom says what a kerbscope binary is made of, from what the Go linker wrote into it: a bill of materials
// (CycloneDX 1.6) and the licence texts of all modules in it.
//
//	go run .ci/sbom.go VERSION BINARY SBOM.json THIRD-PARTY.txt
package main

import (
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

type component struct {
	Type       string     `json:"type"`
	Ref        string     `json:"bom-ref"`
	Name       string     `json:"name"`
	Version    string     `json:"version"`
	PURL       string     `json:"purl,omitempty"`
	Properties []property `json:"properties,omitempty"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type dependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn"`
}

type bom struct {
	Format      string `json:"bomFormat"`
	SpecVersion string `json:"specVersion"`
	Version     int    `json:"version"`
	Metadata    struct {
		Component component `json:"component"`
	} `json:"metadata"`
	Components   []component  `json:"components"`
	Dependencies []dependency `json:"dependencies"`
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("sbom: ")
	if len(os.Args) != 5 {
		log.Fatal("usage: sbom VERSION BINARY SBOM.json THIRD-PARTY.txt")
	}
	version, binary := os.Args[1], os.Args[2]
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		log.Fatal(err)
	}
	b := bom{Format: "CycloneDX", SpecVersion: "1.6", Version: 1}
	b.Metadata.Component = component{Type: "application", Ref: "kerbscope", Name: "kerbscope", Version: version}
	for _, s := range info.Settings {
		if slices.Contains([]string{"GOOS", "GOARCH", "CGO_ENABLED", "vcs.revision"}, s.Key) {
			b.Metadata.Component.Properties = append(b.Metadata.Component.Properties, property{"go:" + s.Key, s.Value})
		}
	}
	b.add("std", strings.TrimPrefix(info.GoVersion, "go"), "")
	var licences bytes.Buffer
	licence(&licences, "the Go standard library "+info.GoVersion, goroot())
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		b.add(m.Path, m.Version, m.Sum)
		licence(&licences, m.Path+" "+m.Version, folder(m.Path, m.Version))
	}
	text, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		log.Fatal(err)
	}
	write(os.Args[3], append(text, '\n'))
	write(os.Args[4], licences.Bytes())
}

func (b *bom) add(name, version, sum string) {
	c := component{Type: "library", Name: name, Version: version, PURL: "pkg:golang/" + name + "@" + version}
	c.Ref = c.PURL
	if sum != "" {
		c.Properties = []property{{"go:sum", sum}}
	}
	b.Components = append(b.Components, c)
	if len(b.Dependencies) == 0 {
		b.Dependencies = []dependency{{Ref: "kerbscope"}}
	}
	b.Dependencies[0].DependsOn = append(b.Dependencies[0].DependsOn, c.Ref)
}

var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents)([-._].*)?$`)

// licence adds the licence texts in a module's folder. A module without one
// must not be shipped.
func licence(out *bytes.Buffer, what, dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		log.Fatal(err)
	}
	found := false
	for _, e := range entries {
		if e.IsDir() || !licenceFile.MatchString(e.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Fprintf(out, "%s: %s\n\n%s\n\n%s\n\n", what, e.Name(), bytes.TrimSpace(text), strings.Repeat("-", 80))
		found = true
	}
	if !found {
		log.Fatalf("%s: no licence in %s", what, dir)
	}
}

func goroot() string { return output("go", "env", "GOROOT") }

func folder(path, version string) string {
	return output("go", "list", "-m", "-f", "{{.Dir}}", path+"@"+version)
}

func output(name string, args ...string) string {
	cmd := exec.Command(name, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		log.Fatalf("%s: %v", strings.Join(cmd.Args, " "), err)
	}
	return strings.TrimSpace(string(out))
}

func write(path string, b []byte) {
	if err := os.WriteFile(path, b, 0o644); err != nil {
		log.Fatal(err)
	}
}
