package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// shells are those that completion writes for.
var shells = map[string]func(completion) string{"bash": bashCompletion, "zsh": zshCompletion, "fish": fishCompletion, "powershell": powershellCompletion}

// completion prints a script that completes command lines in a shell.
func (a *app) completion(args []string) int {
	names := slices.Sorted(maps.Keys(shells))
	if len(args) == 1 && (args[0] == "-h" || args[0] == "--help") {
		return a.print(usageCompletion)
	}
	if len(args) != 1 {
		return a.fail(&failure{exitUsage, "completion takes one shell", "the shells are " + strings.Join(names, ", ")})
	}
	write := shells[strings.ToLower(args[0])]
	if write == nil {
		return a.fail(&failure{exitUsage, "no shell " + quote(args[0]), didYouMean(args[0], names, "the shells are "+strings.Join(names, ", "))})
	}
	return a.print(write(completionOf()))
}

// A completion is what there is to complete.
type completion struct {
	commands []completedCommand
}

type completedCommand struct {
	name  string
	text  string
	flags []completedFlag
	words []string // instead of files; nil: files
}

type completedFlag struct {
	usageFlag
	words []string // values; nil: a file, where it takes one
	files bool
	// interfaces: its value is one that capture -D lists.
	interfaces bool
}

// bareInterfaces makes names out of the lines of capture -D.
const bareInterfaces = `sed 's/^[0-9]*\. //; s/  (.*//'`

// names are the spellings of a flag.
func (f *completedFlag) names() (list []string) {
	if f.short != "" {
		list = append(list, "-"+f.short)
	}
	if f.long != "" {
		list = append(list, "--"+f.long)
	}
	return list
}

func completionOf() (c completion) {
	rules := ruleIDs()
	values := map[string][]string{ // by what the usage calls the value
		"WHEN": {"auto", "always", "never"},
		"SEV":  {"error", "warning", "note"},
		"ID":   rules,
	}
	args := map[string][]string{
		"explain":    append(guideNames(), rules...),
		"schema":     schemaNames,
		"completion": slices.Sorted(maps.Keys(shells)),
		"service":    serviceWords(),
		"version":    {},
		"man":        {},
	}
	for _, k := range commands() {
		u := readUsage(k.usage)
		d := completedCommand{name: k.name, text: commandText(k.name), words: args[k.name]}
		for _, f := range u.flags() {
			g := completedFlag{usageFlag: f, words: values[f.value]}
			switch {
			case f.long == "format":
				for _, w := range []string{"text", "json", "ndjson", "html"} {
					if strings.Contains(f.text, w) {
						g.words = append(g.words, w)
					}
				}
			case f.long == "time":
				g.words = []string{"u", "ud", "r", "dd", "e"}
			case f.value == "FILE" || f.value == "OUT":
				g.files = true
			case f.long == "interface":
				g.interfaces = true
			}
			d.flags = append(d.flags, g)
		}
		c.commands = append(c.commands, d)
	}
	return c
}

func (c *completion) names() (list []string) {
	for _, k := range c.commands {
		list = append(list, k.name)
	}
	return append(list, "help")
}

// quoted puts text into single quotes as POSIX shells read them.
func shellQuoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func bashCompletion(c completion) string {
	var b strings.Builder
	b.WriteString(`# Completion of kerbscope for bash. Put it where bash-completion looks, or:
#   source <(kerbscope completion bash)

_kerbscope() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev= command=analyze i
    ((COMP_CWORD > 0)) && prev=${COMP_WORDS[COMP_CWORD-1]}
    # --flag=value comes as three words.
    [[ $cur == = ]] && cur=
    [[ $prev == = ]] && ((COMP_CWORD > 1)) && prev=${COMP_WORDS[COMP_CWORD-2]}
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
`)
	fmt.Fprintf(&b, "        %s) command=${COMP_WORDS[i]}; break ;;\n        *) break ;;\n        esac\n    done\n", strings.Join(c.names(), "|"))
	b.WriteString("    local flags= words= files=yes\n    case $command in\n")
	for _, k := range c.commands {
		fmt.Fprintf(&b, "    %s)\n", k.name)
		var flags []string
		b.WriteString("        case $prev in\n")
		for _, f := range k.flags {
			flags = append(flags, f.names()...)
			switch {
			case f.words != nil:
				fmt.Fprintf(&b, "        %s) COMPREPLY=($(compgen -W %s -- \"$cur\")); return ;;\n", strings.Join(f.names(), "|"), shellQuoted(strings.Join(f.words, " ")))
			case f.files:
				fmt.Fprintf(&b, "        %s) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n", strings.Join(f.names(), "|"))
			case f.interfaces:
				fmt.Fprintf(&b, "        %s) local IFS=$'\\n'; COMPREPLY=($(compgen -W \"$(\"${COMP_WORDS[0]}\" capture -D 2>/dev/null | %s)\" -- \"$cur\")); return ;;\n", strings.Join(f.names(), "|"), bareInterfaces)
			case f.value != "":
				fmt.Fprintf(&b, "        %s) COMPREPLY=(); return ;;\n", strings.Join(f.names(), "|"))
			}
		}
		fmt.Fprintf(&b, "        *) ;;\n        esac\n        flags=%s\n", shellQuoted(strings.Join(flags, " ")))
		if k.words != nil {
			fmt.Fprintf(&b, "        files= words=%s\n", shellQuoted(strings.Join(k.words, " ")))
		}
		b.WriteString("        ;;\n")
	}
	fmt.Fprintf(&b, "    help) files= words=%s ;;\n    esac\n", shellQuoted(strings.Join(c.names(), " ")))
	fmt.Fprintf(&b, "    ((COMP_CWORD == 1)) && words=\"$words \"%s\n", shellQuoted(strings.Join(c.names(), " ")))
	b.WriteString(`    if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "$flags" -- "$cur"))
        return
    fi
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
    if [[ $files ]]; then
        compopt -o filenames 2>/dev/null
        local IFS=$'\n'
        COMPREPLY+=($(compgen -f -- "$cur"))
    fi
}

complete -F _kerbscope kerbscope
`)
	return b.String()
}

func zshCompletion(c completion) string {
	var b strings.Builder
	b.WriteString(`#compdef kerbscope
# Completion of kerbscope for zsh. Put it as _kerbscope into a folder of $fpath, or:
#   source <(kerbscope completion zsh)

_kerbscope_interfaces() {
    local -a names
    names=(${(f)"$(${words[1]} capture -D 2>/dev/null | ` + bareInterfaces + `)"})
    compadd -a names
}

_kerbscope() {
    local command=analyze
    local -a commands
    commands=(
`)
	for _, k := range c.commands {
		fmt.Fprintf(&b, "        %s\n", shellQuoted(k.name+":"+strings.ReplaceAll(k.text, ":", `\:`)))
	}
	fmt.Fprintf(&b, "    )\n    case ${words[2]} in\n    %s) command=${words[2]} ;;\n    esac\n", strings.Join(c.names(), "|"))
	b.WriteString("    if ((CURRENT == 2)) && [[ ${words[2]} != -* ]]; then\n        _describe -t commands command commands\n        _files\n        return\n    fi\n    case $command in\n")
	for _, k := range c.commands {
		fmt.Fprintf(&b, "    %s)\n        _arguments -s \\\n", k.name)
		for _, f := range k.flags {
			action := ""
			switch {
			case f.words != nil:
				action = ":" + f.value + ":(" + strings.Join(f.words, " ") + ")"
			case f.files:
				action = ":" + f.value + ":_files"
			case f.interfaces:
				action = ":" + f.value + ":_kerbscope_interfaces"
			case f.value != "":
				action = ":" + strings.ReplaceAll(f.value, ":", `\:`) + ": "
			}
			for _, n := range f.names() {
				fmt.Fprintf(&b, "            %s \\\n", shellQuoted("*"+n+"["+zshText(f.text)+"]"+action))
			}
		}
		switch {
		case k.words == nil:
			b.WriteString("            '*:capture:_files'\n")
		case len(k.words) == 0:
			b.WriteString("            '*: : '\n")
		default:
			fmt.Fprintf(&b, "            %s\n", shellQuoted("*: :("+strings.Join(append([]string{k.name}, k.words...), " ")+")"))
		}
		b.WriteString("        ;;\n")
	}
	b.WriteString("    help) _describe -t commands command commands ;;\n    esac\n}\n\nif [[ ${funcstack[1]} == _kerbscope ]]; then\n    _kerbscope \"$@\"\nelse\n    compdef _kerbscope kerbscope\nfi\n")
	return b.String()
}

// zshText is text as it may stand in the brackets of _arguments.
func zshText(s string) string {
	return strings.NewReplacer(`[`, `(`, `]`, `)`, `:`, `\:`, `\`, `\\`).Replace(firstClause(s))
}

// firstClause is a text up to its first semicolon or full stop, for menus.
func firstClause(s string) string {
	if i := strings.IndexAny(s, ";"); i > 0 {
		s = s[:i]
	}
	if i := strings.Index(s, ". "); i > 0 {
		s = s[:i]
	}
	return clip(s, 80)
}

func fishCompletion(c completion) string {
	var b strings.Builder
	b.WriteString("# Completion of kerbscope for fish. Put it into ~/.config/fish/completions/kerbscope.fish\n\n")
	b.WriteString("function __kerbscope_command\n    set -l words (commandline -opc)\n    set -e words[1]\n    switch \"$words[1]\"\n")
	fmt.Fprintf(&b, "        case %s\n            echo $words[1]\n        case '*'\n            echo analyze\n    end\nend\n\n", strings.Join(c.names(), " "))
	b.WriteString("function __kerbscope_is\n    test (__kerbscope_command) = $argv[1]\nend\n\nfunction __kerbscope_first\n    test (count (commandline -opc)) -eq 1\nend\n\n")
	b.WriteString("function __kerbscope_interfaces\n    kerbscope capture -D 2>/dev/null | " + bareInterfaces + "\nend\n\n")
	for _, k := range c.commands {
		fmt.Fprintf(&b, "complete -c kerbscope -n __kerbscope_first -a %s -d %s\n", k.name, shellFish(k.text))
	}
	for _, k := range c.commands {
		b.WriteByte('\n')
		in := "'__kerbscope_is " + k.name + "'"
		if k.words != nil {
			fmt.Fprintf(&b, "complete -c kerbscope -n %s -f -a %s\n", in, shellFish(strings.Join(k.words, " ")))
		}
		for _, f := range k.flags {
			s := "complete -c kerbscope -n " + in
			if f.short != "" {
				s += " -s " + f.short
			}
			if f.long != "" {
				s += " -l " + f.long
			}
			switch {
			case f.words != nil:
				s += " -x -a " + shellFish(strings.Join(f.words, " "))
			case f.files:
				s += " -r -F"
			case f.interfaces:
				s += " -x -a '(__kerbscope_interfaces)'"
			case f.value != "":
				s += " -x"
			}
			b.WriteString(s + " -d " + shellFish(firstClause(f.text)) + "\n")
		}
	}
	return b.String()
}

// shellFish puts text into single quotes as fish reads them.
func shellFish(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

func powershellCompletion(c completion) string {
	q := func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
	list := func(words []string) string {
		var s []string
		for _, w := range words {
			s = append(s, q(w))
		}
		return "@(" + strings.Join(s, ", ") + ")"
	}
	var b strings.Builder
	b.WriteString("# Completion of kerbscope for PowerShell. Put it into $PROFILE, or:\n#   kerbscope completion powershell | Out-String | Invoke-Expression\n\n")
	b.WriteString("Register-ArgumentCompleter -Native -CommandName kerbscope, kerbscope.exe -ScriptBlock {\n    param($word, $ast, $position)\n")
	fmt.Fprintf(&b, "    $commands = [ordered]@{\n")
	for _, k := range c.commands {
		fmt.Fprintf(&b, "        %s = %s\n", q(k.name), q(k.text))
	}
	b.WriteString("    }\n    $flags = @{\n")
	for _, k := range c.commands {
		fmt.Fprintf(&b, "        %s = [ordered]@{\n", q(k.name))
		for _, f := range k.flags {
			for _, n := range f.names() {
				fmt.Fprintf(&b, "            %s = %s\n", q(n), q(firstClause(f.text)))
			}
		}
		b.WriteString("        }\n")
	}
	b.WriteString("    }\n    $values = @{\n")
	for _, k := range c.commands {
		for _, f := range k.flags {
			for _, n := range f.names() {
				if f.words != nil {
					fmt.Fprintf(&b, "        %s = %s\n", q(k.name+" "+n), list(f.words))
				}
			}
		}
		if len(k.words) > 0 {
			fmt.Fprintf(&b, "        %s = %s\n", q(k.name), list(k.words))
		}
	}
	b.WriteString(`    }
    $words = @($ast.CommandElements | Select-Object -Skip 1 | Where-Object { $_.Extent.EndOffset -lt $position } | ForEach-Object { $_.ToString() })
    $command = 'analyze'
    if ($words.Count -gt 0 -and $commands.Contains($words[0])) { $command = $words[0] }
    $found = @()
    if ($words.Count -gt 0 -and $command -eq 'capture' -and $words[-1] -cin '-i', '--interface') {
        $found = @(& $ast.CommandElements[0].ToString() capture -D 2>$null | ForEach-Object { $_ -replace '^\d+\. ', '' -replace '  \(.*$', '' })
    } elseif ($words.Count -gt 0 -and $values.ContainsKey("$command $($words[-1])")) {
        $found = $values["$command $($words[-1])"]
    } elseif ($word -like '-*') {
        $found = $flags[$command].Keys
    } elseif ($words.Count -eq 0) {
        $found = $commands.Keys
    } elseif ($values.ContainsKey($command)) {
        $found = $values[$command]
    }
    $found | Where-Object { $_ -like "$word*" } | ForEach-Object {
        $text = $_
        if ($flags[$command].Contains($_) -and $flags[$command][$_]) { $text = $flags[$command][$_] }
        elseif ($commands.Contains($_) -and $commands[$_]) { $text = $commands[$_] }
        $typed = if ($_ -match ' ') { "'$_'" } else { $_ }
        [System.Management.Automation.CompletionResult]::new($typed, $_, 'ParameterValue', $text)
    }
}
`)
	return b.String()
}
