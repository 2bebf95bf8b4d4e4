package main

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// read shows text that is ready: on a terminal in the reader's pager, elsewhere
// as it is.
func (a *app) read(text string) int {
	f, ok := a.stdout.(*os.File)
	if !ok || !isTerminal(f) {
		return a.print(text)
	}
	pager := pagerOf(os.LookupEnv)
	if pager == "" {
		return a.print(text)
	}
	cmd := exec.CommandContext(a.ctx, "sh", "-c", pager)
	if runtime.GOOS == "windows" {
		words := strings.Fields(pager)
		cmd = exec.CommandContext(a.ctx, words[0], words[1:]...)
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(text), f, os.Stderr
	cmd.Env = os.Environ()
	if _, set := os.LookupEnv("LESS"); !set {
		cmd.Env = append(cmd.Env, "LESS=FRX") // what fits on the screen is printed and that is it
	}
	if err := cmd.Start(); err != nil {
		return a.print(text)
	}
	_ = cmd.Wait() // a reader who has seen enough is no error
	return exitOK
}

// pagerOf is the program to read in: PAGER, else less, if there is one. None
// for an empty PAGER, cat, and terminals that cannot.
func pagerOf(env func(string) (string, bool)) string {
	if t, _ := env("TERM"); t == "dumb" {
		return ""
	}
	pager, set := env("PAGER")
	if pager = strings.TrimSpace(pager); set {
		if pager == "cat" {
			return ""
		}
		return pager
	}
	if _, err := exec.LookPath("less"); err != nil {
		return ""
	}
	return "less"
}
