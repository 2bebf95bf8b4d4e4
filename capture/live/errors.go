package live

import (
	"os"
	"strings"
)

// ownPath is where the running program lies, for hints.
func ownPath() string {
	if p, err := os.Executable(); err == nil {
		return p
	}
	return "kerbscope"
}

// A PermissionError says that capturing was refused to this user.
type PermissionError struct {
	Interface string
	Err       error  // the operating system's
	Hint      string // what gives the right
}

func (e *PermissionError) Error() string {
	return "no right to capture on " + e.Interface + ": " + e.Err.Error()
}

func (e *PermissionError) Unwrap() error { return e.Err }

// A NoSourceError says that this build, or this system as it is, has nothing to
// capture with.
type NoSourceError struct {
	What string // what is missing
	Hint string // what has it, or what to install
	Err  error  // the operating system's; may be nil
}

func (e *NoSourceError) Error() string {
	if e.Err != nil {
		return e.What + ": " + e.Err.Error()
	}
	return e.What
}

func (e *NoSourceError) Unwrap() error { return e.Err }

// An InterfaceError says that an interface is not there, or cannot be captured on.
type InterfaceError struct {
	Interface string
	What      string
	Hint      string
	Err       error // the operating system's; may be nil
}

func (e *InterfaceError) Error() string {
	s := e.What
	if e.Interface != "" {
		s = e.Interface + ": " + s
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *InterfaceError) Unwrap() error { return e.Err }

// unknownInterface names those that there are, as far as they are few.
func unknownInterface(name string) error {
	e := &InterfaceError{Interface: name, What: "no such interface", Hint: "kerbscope capture -D lists them"}
	if list, err := Interfaces(); err == nil && len(list) > 0 && len(list) <= 8 {
		var names []string
		for _, i := range list {
			names = append(names, i.Name)
		}
		e.Hint = "there are: " + strings.Join(names, ", ")
	}
	return e
}
