package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/BurntSushi/toml"
	"github.com/spf13/pflag"
)

// readConfig sets the flags that a configuration file names. The file is TOML
// with the flags' long names as keys, lists for flags that may be repeated:
//
//	interface = ["Ethernet"]
//	format = "ndjson"
//	write = 'C:\ProgramData\kerbscope\kerberos.pcapng'
//	ring-buffer = ["filesize:65536", "files:20"]
//
// A flag on the command line wins over the file. command is for messages.
func readConfig(f *pflag.FlagSet, command, path string) error {
	refuse := func(what, hint string) error {
		return &failure{exitUsage, path + ": " + what, hint}
	}
	values := map[string]any{}
	if _, err := toml.DecodeFile(path, &values); err != nil {
		var syntax toml.ParseError
		if errors.As(err, &syntax) {
			return refuse(fmt.Sprintf("line %d: %s", syntax.Position.Line, syntax.Message), "it is TOML: NAME = VALUE, text in quotes, lists in brackets")
		}
		return &failure{exitUsage, path + ": " + plainError(err), ""}
	}
	settable := slices.DeleteFunc(flagNames(command), func(n string) bool { return n == "config" || n == "help" })
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		flag := f.Lookup(name)
		if flag == nil || name == "config" || name == "help" {
			return refuse("no setting "+quote(name), didYouMean(name, settable, "the settings are the long flags of kerbscope "+command+" without dashes"))
		}
		if flag.Changed {
			continue
		}
		list, err := settingTexts(values[name])
		if err != nil {
			return refuse(quote(name)+" "+err.Error(), "see: kerbscope "+command+" -h")
		}
		if _, repeatable := flag.Value.(pflag.SliceValue); !repeatable && len(list) != 1 {
			return refuse(quote(name)+" takes one value", "see: kerbscope "+command+" -h")
		}
		for _, text := range list {
			if err := f.Set(name, text); err != nil {
				return refuse(quote(name)+" does not take "+quote(text), "see: kerbscope "+command+" -h")
			}
		}
	}
	return nil
}

// settingTexts are the values of one setting as they would stand on the
// command line.
func settingTexts(v any) ([]string, error) {
	switch v := v.(type) {
	case string:
		return []string{v}, nil
	case bool, int64, float64:
		return []string{fmt.Sprint(v)}, nil
	case []any:
		var list []string
		for _, e := range v {
			one, err := settingTexts(e)
			if err != nil || len(one) != 1 {
				return nil, errors.New("wants a list of plain values")
			}
			list = append(list, one...)
		}
		return list, nil
	}
	return nil, errors.New("wants text, a number, true or false, or a list of them")
}
