//go:build !windows

package main

import "os"

func takesUTF8() bool { return saysUTF8() }

func takesColor(*os.File) bool { return true }
