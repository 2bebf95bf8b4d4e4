package main

import (
	"bytes"
	"strings"
	"sync"
)

// A messageLevel is how grave a message is, for logs that want to know.
type messageLevel uint8

const (
	levelInfo messageLevel = iota
	levelWarning
	levelError
)

// maxMessage is the longest message passed on: the event log takes 31,839
// characters.
const maxMessage = 30000

// messageLines is a Writer that passes on messages line by line, a hint
// together with the error before it. Safe for concurrent use.
type messageLines struct {
	to func(messageLevel, string)

	mu   sync.Mutex
	part []byte // of a line that has not ended
	held string // an error that waits for its hint
}

func (m *messageLines) Write(p []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for rest := p; len(rest) > 0; {
		end := bytes.IndexByte(rest, '\n')
		if end < 0 {
			m.part = append(m.part, rest[:min(len(rest), maxMessage-len(m.part))]...)
			break
		}
		m.part = append(m.part, rest[:min(end, maxMessage-len(m.part))]...)
		m.line(strings.TrimRight(string(m.part), "\r"))
		m.part, rest = m.part[:0], rest[end+1:]
	}
	return len(p), nil
}

func (m *messageLines) line(text string) {
	if hint, ok := strings.CutPrefix(text, "kerbscope: hint: "); ok && m.held != "" {
		m.held += "\n" + hint
		m.give()
		return
	}
	m.give()
	if text, ok := strings.CutPrefix(text, "kerbscope: error: "); ok {
		m.held = text
	} else if text != "" {
		m.to(levelInfo, strings.TrimPrefix(text, "kerbscope: "))
	}
}

func (m *messageLines) give() {
	if m.held != "" {
		m.to(levelError, m.held)
		m.held = ""
	}
}

// flush passes on what waits for more.
func (m *messageLines) flush() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.part) > 0 {
		m.line(string(m.part))
		m.part = m.part[:0]
	}
	m.give()
}
