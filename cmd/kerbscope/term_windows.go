package main

import (
	"os"

	"golang.org/x/sys/windows"
)

// codePageUTF8 is CP_UTF8.
const codePageUTF8 = 65001

func takesUTF8() bool {
	page, err := windows.GetConsoleOutputCP()
	return err == nil && page == codePageUTF8
}

// takesColor switches the console to understanding SGR sequences; consoles
// before Windows 10 do not have that mode.
func takesColor(f *os.File) bool {
	h := windows.Handle(f.Fd())
	var mode uint32
	if windows.GetConsoleMode(h, &mode) != nil {
		return false
	}
	return windows.SetConsoleMode(h, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
