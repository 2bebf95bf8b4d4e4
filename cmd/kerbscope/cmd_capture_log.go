package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"kerbscope/analyze"
)

// A findingLog is a system's log as a sink for findings.
type findingLog interface {
	findingSink
	close()
}

// openLogs opens what --log names: syslog, eventlog, or a file. failed is told
// once of each that breaks later.
func openLogs(names []string, failed func(error)) (list []findingLog, err error) {
	defer func() {
		if err != nil {
			for _, l := range list {
				l.close()
			}
			list = nil
		}
	}()
	for _, name := range names {
		var l findingLog
		switch name {
		case "syslog":
			l, err = openSyslog(failed)
		case "eventlog":
			l, err = openEventLog(failed)
		case "":
			err = fmt.Errorf("WHERE is syslog, eventlog or a file")
		default:
			l, err = openLogFile(name, failed)
		}
		if err != nil {
			return list, &failure{exitWrite, "--log " + quote(name) + ": " + plainError(err), ""}
		}
		list = append(list, l)
	}
	return list, nil
}

// logLevel is how grave a finding is in a log. One that was withdrawn is news
// and no more.
func logLevel(state string, f *analyze.Finding) messageLevel {
	switch {
	case state == stateWithdrawn:
		return levelInfo
	case f.Severity == analyze.Error:
		return levelError
	case f.Severity == analyze.Warning:
		return levelWarning
	}
	return levelInfo
}

// logText is a finding on one line of a log for people.
func logText(state string, f *analyze.Finding) string {
	text := fmt.Sprintf("%s %s, %s, %s: %s", state, f.ID, f.Severity, f.Confidence, f.Summary)
	if f.Count > 1 {
		text += fmt.Sprintf(" (%d times)", f.Count)
	}
	return escape(text)
}

// once passes on the first error only.
func once(failed func(error)) func(error) {
	told := false
	return func(err error) {
		if err != nil && !told {
			told = true
			failed(err)
		}
	}
}

// A logFile is a file of JSON lines. When somebody rotated it (renamed or
// removed it), a new one of its name is made.
type logFile struct {
	path   string
	f      *os.File
	log    *slog.Logger
	failed func(error)
}

func openLogFile(path string, failed func(error)) (*logFile, error) {
	l := &logFile{path: path}
	l.failed = once(func(err error) {
		failed(fmt.Errorf("cannot write %s: %s; findings are no longer logged there, capturing goes on", path, plainError(err)))
	})
	return l, l.open()
}

func (l *logFile) open() (err error) {
	if l.f, err = os.OpenFile(l.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600); err == nil {
		l.log = slog.New(slog.NewJSONHandler(l.f, nil))
	}
	return err
}

// rotated tells whether the file of that name is another one by now.
func (l *logFile) rotated() bool {
	mine, err := l.f.Stat()
	if err != nil {
		return true
	}
	there, err := os.Stat(l.path)
	return err != nil || !os.SameFile(mine, there)
}

func (l *logFile) finding(state string, f *analyze.Finding) {
	if l.f == nil || l.rotated() {
		l.close()
		if err := l.open(); err != nil {
			l.f = nil
			l.failed(err)
			return
		}
	}
	level := map[messageLevel]slog.Level{levelInfo: slog.LevelInfo, levelWarning: slog.LevelWarn, levelError: slog.LevelError}[logLevel(state, f)]
	attrs := []slog.Attr{
		slog.String("state", state), slog.String("id", f.ID), slog.String("rule", f.Rule),
		slog.String("severity", string(f.Severity)), slog.String("confidence", string(f.Confidence)),
	}
	text := func(name, value string) {
		if value != "" {
			attrs = append(attrs, slog.String(name, value))
		}
	}
	text("client", f.Client)
	text("service", f.Service)
	var at []string
	for _, a := range f.FaultAt {
		at = append(at, a.Host)
	}
	text("fault_at", strings.Join(at, ", "))
	text("because_of", f.BecauseOf)
	attrs = append(attrs, slog.Uint64("count", f.Count))
	text("first", f.First)
	text("last", f.Last)
	// The logger itself has nobody to tell that the disk is full.
	if err := l.log.Handler().Handle(context.Background(), recordOf(level, f.Summary, attrs)); err != nil {
		l.failed(err)
	}
}

func (l *logFile) close() {
	if l.f != nil {
		l.f.Close()
		l.f = nil
	}
}

func recordOf(level slog.Level, text string, attrs []slog.Attr) slog.Record {
	r := slog.NewRecord(time.Now(), level, text, 0)
	r.AddAttrs(attrs...)
	return r
}
