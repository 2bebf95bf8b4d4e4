package flow

// TCPHeader is the TCP header with its options, as far as it was captured; nil
// unless Peek said TCP. It points into the frame.
func (p *Packet) TCPHeader() []byte { return p.tcpHeader }
