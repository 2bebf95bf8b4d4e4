package main

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

const usageService = `Usage: kerbscope service install --config FILE
       kerbscope service start | stop | status | uninstall
       kerbscope service unit [--config FILE]

Runs kerbscope capture for weeks, with the settings of FILE (see: kerbscope
capture -h, --config). On Windows install makes a service that starts with the
system, is started again when it fails, and tells its messages to the
Application event log. Elsewhere systemd does that; unit prints the unit file.

      --config FILE   settings of capture: TOML, the long flags as keys
      --name NAME     of the service (default kerbscope)

Example:
  > kerbscope service install --config C:\ProgramData\kerbscope\kerbscope.toml
  $ kerbscope service unit | sudo tee /etc/systemd/system/kerbscope.service
  $ sudo systemctl enable --now kerbscope
`

// A serviceSpec is a service as the system's service manager knows it.
type serviceSpec struct {
	name string
	exe  string
	args []string
}

// A serviceManager is the system's: the Service Control Manager of Windows.
type serviceManager interface {
	install(serviceSpec) error
	uninstall(name string) error
	start(name string) error
	stop(name string) error
	status(name string) (string, error)
}

// serviceVerbs are what kerbscope service does, and what it says afterwards.
var serviceVerbs = []struct{ verb, done string }{
	{"install", "installed; start it with: kerbscope service start"},
	{"start", "started"},
	{"stop", "stopped"},
	{"status", ""},
	{"uninstall", "uninstalled"},
	{"unit", ""},
}

func serviceWords() (verbs []string) {
	for _, v := range serviceVerbs {
		verbs = append(verbs, v.verb)
	}
	return verbs
}

func (a *app) service(args []string) int {
	f := newFlags("service")
	config := f.String("config", "", "")
	name := f.String("name", "kerbscope", "")
	if err := f.Parse(args); err != nil {
		if errors.Is(err, pflag.ErrHelp) {
			return a.print(usageService)
		}
		return a.fail(flagError("service", err))
	}
	verbs := serviceWords()
	hint := "it is kerbscope service " + strings.Join(verbs, " | ")
	if f.NArg() != 1 {
		return a.fail(&failure{exitUsage, "service takes one word", hint})
	}
	i := slices.Index(verbs, f.Arg(0))
	if i < 0 {
		return a.fail(&failure{exitUsage, "service does not take " + quote(f.Arg(0)), didYouMean(f.Arg(0), verbs, hint)})
	}
	if *name == "" || strings.ContainsAny(*name, `/\ "`) {
		return a.fail(&failure{exitUsage, "--name " + quote(*name), "a name without spaces and slashes"})
	}
	text, err := serve(verbs[i], *name, *config, systemServices())
	if err != nil {
		return a.fail(err)
	}
	if hint := unitHint(verbs[i], *config); hint != "" {
		a.hint(hint)
	}
	if text == "" {
		text = fmt.Sprintf("the service %s is %s\n", *name, serviceVerbs[i].done)
	}
	return a.print(text)
}

// serve does one verb. m is nil where the system has no such manager.
func serve(verb, name, config string, m serviceManager) (text string, err error) {
	exe, err := os.Executable()
	if err != nil {
		return "", &failure{exitUsage, "where this program stands is unknown: " + plainError(err), ""}
	}
	if config != "" {
		if config, err = filepath.Abs(config); err != nil {
			return "", &failure{exitUsage, config + ": " + plainError(err), ""}
		}
	}
	if verb == "unit" {
		return unitFile(exe, config), nil
	}
	if m == nil {
		return "", &failure{exitUsage, "kerbscope service " + verb + " is for Windows",
			"systemd runs it here: kerbscope service unit prints the unit file, systemctl does the rest"}
	}
	switch verb {
	case "install":
		if config == "" {
			return "", &failure{exitUsage, "service install wants --config FILE", "the settings of capture: the interface at least"}
		}
		if err := checkConfig(config); err != nil {
			return "", err
		}
		err = m.install(serviceSpec{name, exe, []string{"capture", "--config", config}})
	case "uninstall":
		err = m.uninstall(name)
	case "start":
		err = m.start(name)
	case "stop":
		err = m.stop(name)
	case "status":
		if text, err = m.status(name); err == nil {
			return fmt.Sprintf("the service %s is %s\n", name, text), nil
		}
	}
	if err != nil {
		return "", &failure{exitWrite, fmt.Sprintf("service %s %s: %v", verb, name, err), serviceHint(err)}
	}
	return "", nil
}

// unitHint says that the unit cannot reach the program or the settings where
// they stand: it sees no homes and has a /tmp of its own.
func unitHint(verb, config string) string {
	exe, err := os.Executable()
	if verb != "unit" || err != nil {
		return ""
	}
	if outOfReach(exe) {
		return "under systemd " + exe + " cannot be reached: sudo install kerbscope /usr/local/bin/, and print the unit with that one"
	}
	if full, err := filepath.Abs(config); config != "" && err == nil && outOfReach(full) {
		return "under systemd " + full + " cannot be reached: put it into /etc/kerbscope"
	}
	return ""
}

func outOfReach(path string) bool {
	for _, top := range []string{"/home/", "/root/", "/run/user/", "/tmp/", "/var/tmp/"} {
		if strings.HasPrefix(path, top) {
			return true
		}
	}
	return false
}

// checkConfig tells whether capture would take a configuration.
func checkConfig(path string) error {
	_, _, err := parseCapture([]string{"--config", path})
	return err
}

// serviceHint says what to do about an error of the service manager.
func serviceHint(err error) string {
	if errors.Is(err, os.ErrPermission) {
		return "run it in a console opened as administrator"
	}
	return ""
}

//go:embed service/kerbscope.service
var unitTemplate string

// The paths in the unit file as it stands.
const (
	unitExe    = "/usr/bin/kerbscope"
	unitConfig = "/etc/kerbscope/kerbscope.toml"
)

// unitFile is the systemd unit for this program and configuration. Paths are
// written as systemd reads them: % doubled, in quotes.
func unitFile(exe, config string) string {
	if config == "" {
		config = unitConfig
	}
	word := func(s string) string {
		s = strings.NewReplacer("%", "%%", `\`, `\\`, `"`, `\"`, "$", "$$", "\n", `\n`).Replace(s)
		if strings.ContainsAny(s, " \t\"\\'") {
			return `"` + s + `"`
		}
		return s
	}
	start := "ExecStart=" + unitExe + " capture --config " + unitConfig + "\n"
	own := "ExecStart=" + word(exe) + " capture --config " + word(config) + "\n"
	unit := strings.Replace(unitTemplate, start, own, 1)
	return strings.Replace(unit, unitConfig+".\n", config+".\n", 1)
}
