package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/eventlog"
	"golang.org/x/sys/windows/svc/mgr"
)

// windowsServices is the Service Control Manager.
type windowsServices struct{}

func systemServices() serviceManager { return windowsServices{} }

func (windowsServices) install(s serviceSpec) error {
	m, err := mgr.Connect()
	if err != nil {
		return err
	}
	defer m.Disconnect()
	service, err := m.CreateService(s.name, s.exe, mgr.Config{
		StartType:    mgr.StartAutomatic,
		ErrorControl: mgr.ErrorNormal,
		DisplayName:  "Kerbscope: Kerberos diagnosis",
		Description:  "Diagnoses Kerberos from the packets of this host.",
	}, s.args...)
	if err != nil {
		return err
	}
	defer service.Close()
	if err := prepare(service, s.name); err != nil {
		_ = service.Delete() // all or nothing
		return err
	}
	return nil
}

// prepare makes a new service come back when it fails, and its messages
// readable in the event log.
func prepare(service *mgr.Service, name string) error {
	if err := service.SetRecoveryActions(recovery(), uint32((24 * time.Hour).Seconds())); err != nil {
		return err
	}
	if err := service.SetRecoveryActionsOnNonCrashFailures(true); err != nil {
		return err
	}
	err := eventlog.InstallAsEventCreate(name, eventlog.Info|eventlog.Warning|eventlog.Error)
	if err != nil && !strings.Contains(err.Error(), "already exists") {
		return err
	}
	return nil
}

// recovery starts the service again, later each time.
func recovery() []mgr.RecoveryAction {
	return []mgr.RecoveryAction{
		{Type: mgr.ServiceRestart, Delay: 10 * time.Second},
		{Type: mgr.ServiceRestart, Delay: time.Minute},
		{Type: mgr.ServiceRestart, Delay: 5 * time.Minute},
	}
}

// with opens the service for do.
func with(name string, do func(*mgr.Service) error) error {
	m, err := mgr.Connect()
	if err != nil {
		return err
	}
	defer m.Disconnect()
	service, err := m.OpenService(name)
	if err != nil {
		return err
	}
	defer service.Close()
	return do(service)
}

func (w windowsServices) uninstall(name string) error {
	err := with(name, func(s *mgr.Service) error {
		if state, err := s.Query(); err == nil && state.State != svc.Stopped {
			if err := halt(s); err != nil {
				return err
			}
		}
		return s.Delete()
	})
	if err != nil {
		return err
	}
	if err := eventlog.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func (windowsServices) start(name string) error {
	return with(name, func(s *mgr.Service) error { return s.Start() })
}

func (windowsServices) stop(name string) error { return with(name, halt) }

// halt stops a service and waits until it has ended.
func halt(s *mgr.Service) error {
	state, err := s.Control(svc.Stop)
	for end := time.Now().Add(30 * time.Second); err == nil && state.State != svc.Stopped; state, err = s.Query() {
		if time.Now().After(end) {
			return fmt.Errorf("it has not stopped after 30 s")
		}
		time.Sleep(200 * time.Millisecond)
	}
	return err
}

var serviceStates = map[svc.State]string{
	svc.Stopped: "stopped", svc.StartPending: "starting", svc.StopPending: "stopping", svc.Running: "running",
	svc.ContinuePending: "resuming", svc.PausePending: "pausing", svc.Paused: "paused",
}

func (windowsServices) status(name string) (text string, err error) {
	err = with(name, func(s *mgr.Service) error {
		state, err := s.Query()
		text = serviceStates[state.State]
		return err
	})
	return text, err
}

// asService runs kerbscope under the Service Control Manager, if that started
// it; messages go to the event log.
func asService() (status int, ran bool) {
	if is, err := svc.IsWindowsService(); err != nil || !is {
		return 0, false
	}
	r := &serviceRun{}
	if err := svc.Run("", r); err != nil { // a process of one service: the name is the manager's
		return exitCapture, true
	}
	return r.status, true
}

type serviceRun struct{ status int }

// Execute implements svc.Handler: args[0] is the name of the service.
func (r *serviceRun) Execute(args []string, requests <-chan svc.ChangeRequest, states chan<- svc.Status) (specific bool, code uint32) {
	states <- svc.Status{State: svc.StartPending}
	messages := &messageLines{to: func(messageLevel, string) {}}
	if log, err := eventlog.Open(args[0]); err == nil {
		defer log.Close()
		messages.to = func(l messageLevel, text string) {
			switch l {
			case levelError:
				log.Error(eventError, text)
			case levelWarning:
				log.Warning(eventWarning, text)
			default:
				log.Info(eventInfo, text)
			}
		}
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	done := make(chan int, 1)
	go func() { done <- runContext(ctx, os.Args[1:], strings.NewReader(""), messages, messages) }()
	states <- svc.Status{State: svc.Running, Accepts: svc.AcceptStop | svc.AcceptShutdown}
	for {
		select {
		case r.status = <-done:
			messages.flush()
			return true, uint32(r.status)
		case c := <-requests:
			switch c.Cmd {
			case svc.Interrogate:
				states <- c.CurrentStatus
			case svc.Stop, svc.Shutdown:
				states <- svc.Status{State: svc.StopPending}
				cancel(interrupted{status: exitOK})
			}
		}
	}
}
