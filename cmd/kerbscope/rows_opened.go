package main

import "kerbscope/decode"

// A rowOpened is what the given keys made of a message.
type rowOpened struct{}

func makeOpened(o *decode.Opened) *rowOpened { return nil }
