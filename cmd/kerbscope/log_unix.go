//go:build !windows

package main

import (
	"errors"
	"fmt"
	"log/syslog"

	"kerbscope/analyze"
)

// A syslogLog writes to the syslog daemon of this host.
type syslogLog struct {
	w      *syslog.Writer
	failed func(error)
}

func openSyslog(failed func(error)) (findingLog, error) {
	w, err := syslog.New(syslog.LOG_DAEMON|syslog.LOG_INFO, "kerbscope")
	if err != nil {
		return nil, err
	}
	return &syslogLog{w, once(func(err error) {
		failed(fmt.Errorf("syslog: %s; some findings are not logged there, capturing goes on", plainError(err)))
	})}, nil
}

func (l *syslogLog) finding(state string, f *analyze.Finding) {
	say := map[messageLevel]func(string) error{levelInfo: l.w.Info, levelWarning: l.w.Warning, levelError: l.w.Err}[logLevel(state, f)]
	l.failed(say(logText(state, f)))
}

func (l *syslogLog) close() { l.w.Close() }

func openEventLog(func(error)) (findingLog, error) {
	return nil, errors.New("the event log is of Windows; here: --log syslog")
}
