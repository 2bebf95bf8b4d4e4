package main

import (
	"regexp"
	"strings"
)

// segments are a step in prose and commands.
type segments []segment

// A segment is text, or a command to type; a long one gets a line of its own.
type segment struct {
	Text    string
	Command bool
	Copy    bool // worth a button
	Long    bool
}

// commandStart finds where a command may begin: the programs that the rules'
// steps name, a PowerShell cmdlet, or a variable set for one.
var commandStart = regexp.MustCompile(`(?:^|[\s(])((?:KRB5_TRACE=\S+|sc\.exe|reg (?:query|add|delete)|klist|setspn|nltest|nslookup|w32tm|netdom|gpresult|gpupdate|repadmin|dcdiag|certutil|ktpass|kinit|kdestroy|ktutil|kvno (?:[A-Z]|\S+/)|kadmin|kpasswd|samba-tool|net (?:ads|accounts)|chronyc|findstr|PortQry|ping -|cmdkey|whoami|appcmd|netstat|systemctl|adcli|kerbscope explain|dumpcap|pktmon|netsh|tcpdump|arp -|ldapsearch -|ntdsutil)|(?:\((?:Get)-[A-Za-z]+\)\.|(?:Get|Set|Reset|Test|Unlock|Enable|Disable|Clear|Search|Resolve|Add|Remove|Restart)-[A-Z][A-Za-z]+))`)

// proseWords end a command: no argument is written like this in our steps.
var proseWords = wordSet("on in and or to the for if is are adds finds sets tests names shows says with repairs registers writes tells lists puts gives must from brings then " +
	"as of at into once shown showing after before until unless which what where does do it its not also whatever")

func wordSet(list string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(list) {
		set[w] = true
	}
	return set
}

// segmentsOf finds the commands in a step.
func segmentsOf(s string) segments {
	var list segments
	add := func(text string) {
		if text != "" {
			list = append(list, segment{Text: text})
		}
	}
	for {
		start, end := nextCommand(s)
		if start == end {
			break
		}
		command := s[start:end]
		add(s[:start])
		long := len(command) > 56 && !strings.HasSuffix(s[:start], "(")
		n := len(strings.Fields(command))
		cmdlet := strings.Contains(command, "-") && command[0] >= 'A' && command[0] <= 'Z'
		list = append(list, segment{Text: command, Command: true, Copy: n > 1 || cmdlet, Long: long})
		s = s[end:]
		if long { // a line of its own needs no sign behind it
			s = strings.TrimLeft(s, ".,;: ")
		}
	}
	add(s)
	return list
}

// nextCommand is where the first command in a step begins and ends; equal: there is none.
func nextCommand(s string) (start, end int) {
	m := commandStart.FindStringSubmatchIndex(s)
	if m == nil {
		return 0, 0
	}
	return m[2], m[2] + commandLength(s[m[2]:])
}

// argument tells whether what follows a command so far belongs to it: the
// value of an operator or parameter.
func argument(s string) bool {
	word := s[strings.LastIndexByte(s, ' ')+1:]
	return strings.HasPrefix(word, "-") && len(word) > 2
}

// commandLength is how far a command goes: up to a sign that ends a clause
// outside quotes and brackets, a bracket that opens prose, or a word of prose.
func commandLength(s string) int {
	depth, quote := 0, byte(0)
	end := len(s)
	piped := false
scan:
	for i := 0; i < len(s); i++ {
		c := s[i]
		if quote != 0 {
			if c == quote {
				quote = 0
			}
			continue
		}
		switch c {
		case '"', '\'':
			if c == '"' || i > 0 && (s[i-1] == '=' || s[i-1] == '{' || s[i-1] == ' ') {
				quote = c
			}
		case '(', '{', '[':
			if c == '(' && depth == 0 && i > 0 && s[i-1] == ' ' && !argument(s[:i-1]) {
				end = i
				break scan
			}
			depth++
		case ')', '}', ']':
			if depth--; depth < 0 {
				end = i
				break scan
			}
		case ',', ';', ':', '.', '?':
			if depth == 0 && (i+1 == len(s) || s[i+1] == ' ') {
				if c == '.' && i+1 == len(s) && i > 0 && s[i-1] == ' ' {
					continue
				}
				end = i
				break scan
			}
		case ' ':
			if depth > 0 {
				continue
			}
			word := s[i+1:]
			if j := strings.IndexAny(word, " ,;:)"); j >= 0 {
				word = word[:j]
			}
			if word == "|" {
				piped = true
				continue
			}
			if proseWords[word] && !(piped && word == "where") {
				end = i
				break scan
			}
		}
	}
	return len(strings.TrimRight(s[:end], " "))
}
