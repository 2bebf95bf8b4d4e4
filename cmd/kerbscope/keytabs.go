package main

import (
	"errors"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"kerbscope/decode"
)

// keys loads keytabs, key files and password files, and asks for the passwords
// that are to be asked for. A file that cannot be read, or only in part, is reported;
// what was read of it and of the others is used. nil when nothing was given, or
// nothing could be read.
func (a *app) keys(s *settings) (*decode.Keys, int) {
	if len(s.keytabs)+len(s.keyFiles)+len(s.passwordFiles)+len(s.asked) == 0 {
		return nil, exitOK
	}
	keys, status := &decode.Keys{}, exitOK
	for _, source := range []struct {
		kind  string
		files []string
		read  func(string) (*decode.Keys, error)
	}{{"keytab", s.keytabs, decode.ReadKeytab}, {"key file", s.keyFiles, decode.ReadKeyFile}, {"password file", s.passwordFiles, decode.ReadPasswords}} {
		for _, path := range source.files {
			k, err := source.read(path)
			if err != nil {
				status = a.fail(&failure{exitPartial, source.kind + " " + path + ": " + withoutPath(path, err), ""})
			}
			keys.Add(k)
		}
	}
	for _, p := range s.asked {
		if err := keys.AddPassword(p.principal, p.reveal()); err != nil {
			status = a.fail(&failure{exitPartial, "--ask " + quote(p.principal) + ": " + err.Error(), ""})
		}
	}
	if status != exitOK && keys.Len() == 0 {
		return nil, status // nothing is known of what the keys open
	}
	return keys, status
}

// An askedPassword is a principal and what was typed for it; it does not print.
type askedPassword struct {
	principal string
	reveal    func() string
}

// ask asks for the passwords of --ask, on the terminal, before anything is
// read. Standard input that is no terminal is refused: a password in a pipe or
// a script is better in a file that only its owner can read.
func (a *app) ask(s *settings) error {
	for _, principal := range s.ask {
		f, ok := a.stdin.(*os.File)
		if !ok || !term.IsTerminal(int(f.Fd())) {
			return &failure{exitUsage, "--ask " + quote(principal) + ": standard input is no terminal", "put the password into a file and use --password-file"}
		}
		if err := (&decode.Keys{}).AddPassword(principal, "x"); err != nil {
			return &failure{exitUsage, "--ask " + quote(principal) + ": " + err.Error(), "for example --ask alice@CONTOSO.COM"}
		}
		_, _ = io.WriteString(a.stderr, "Password of "+escape(principal)+": ")
		typed, err := a.readPassword(f)
		_, _ = io.WriteString(a.stderr, "\n")
		if err != nil {
			return &failure{exitUsage, "--ask " + quote(principal) + ": " + plainError(err), ""}
		}
		secret := strings.TrimRight(string(typed), "\r\n")
		if secret == "" {
			return &failure{exitUsage, "--ask " + quote(principal) + ": no password typed", ""}
		}
		s.asked = append(s.asked, askedPassword{principal, func() string { return secret }})
	}
	return nil
}

// readPassword reads a line without echo. Ctrl-C restores the echo.
func (a *app) readPassword(f *os.File) ([]byte, error) {
	fd := int(f.Fd())
	state, err := term.GetState(fd)
	if err != nil {
		return nil, err
	}
	type line struct {
		b   []byte
		err error
	}
	done := make(chan line, 1)
	go func() {
		b, err := term.ReadPassword(fd)
		done <- line{b, err}
	}()
	select {
	case l := <-done:
		return l.b, l.err
	case <-a.ctx.Done():
		_ = term.Restore(fd, state)
		return nil, errors.New("interrupted")
	}
}
