package main

import (
	"embed"
	"strings"
)

// schemas are the JSON Schemas of what is printed. The tests hold every
// output of the corpus against them.
//
//go:embed schema/*.json
var schemas embed.FS

var schemaNames = []string{"message", "report", "finding"}

func (a *app) schema(args []string) int {
	if len(args) == 1 && (args[0] == "-h" || args[0] == "--help") {
		return a.print(usageSchema)
	}
	if len(args) != 1 {
		return a.fail(&failure{exitUsage, "schema takes one name", "the names are " + strings.Join(schemaNames, ", ")})
	}
	text, err := schemas.ReadFile("schema/" + args[0] + ".json")
	if err != nil {
		return a.fail(&failure{exitUsage, "no schema " + quote(args[0]), didYouMean(args[0], schemaNames, "the names are "+strings.Join(schemaNames, ", "))})
	}
	return a.print(string(text))
}
