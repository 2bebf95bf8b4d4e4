package main

import (
	"errors"
	"fmt"

	"golang.org/x/sys/windows/svc/eventlog"

	"kerbscope/analyze"
)

// Event ids of messages and findings in the Windows event log, 1 to 1000
// because the source's messages are those of EventCreate.
const (
	eventInfo    = 100
	eventWarning = 200
	eventError   = 300
)

// An eventLog writes to the Application log of this host.
type eventLog struct {
	log    *eventlog.Log
	failed func(error)
}

func openEventLog(failed func(error)) (findingLog, error) {
	log, err := eventlog.Open("kerbscope")
	if err != nil {
		return nil, err
	}
	return &eventLog{log, once(func(err error) {
		failed(fmt.Errorf("event log: %w; some findings are not logged there, capturing goes on", err))
	})}, nil
}

func (l *eventLog) finding(state string, f *analyze.Finding) {
	text := clip(logText(state, f), maxMessage)
	switch logLevel(state, f) {
	case levelError:
		l.failed(l.log.Error(eventError+1, text))
	case levelWarning:
		l.failed(l.log.Warning(eventWarning+1, text))
	default:
		l.failed(l.log.Info(eventInfo+1, text))
	}
}

func (l *eventLog) close() { l.log.Close() }

func openSyslog(func(error)) (findingLog, error) {
	return nil, errors.New("there is no syslog on Windows; here: --log eventlog")
}
