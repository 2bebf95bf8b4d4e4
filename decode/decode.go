// Package decode turns packets into Kerberos messages, and messages into AS,
// TGS, AP and password exchanges, sessions of the carriers they travelled in,
// and sightings of what else a diagnosis needs.
package decode

import (
	"kerbscope/capture"
)

// A Sink takes what a Decoder yields. Messages come in the order of their
// completing frames; an Exchange comes when it is over, a Session when its
// connection is, a Sighting when it is certain. What is handed over is the
// Sink's to keep; it is not changed afterwards, except that a Session's
// Attempts are complete only when the Session itself comes.
type Sink interface {
	Message(*Message)
	Exchange(*Exchange)
	Session(*Session)
	Sighting(*Sighting)
}

// Options steer a Decoder.
type Options struct {
	Keys *Keys // keys to open tickets with; nil: none
}

// Stats counts what became of the packets of one capture.
type Stats struct {
	Frames      uint64
	UnknownLink uint64            // frames of a link type that is not walked
	CutHeaders  uint64            // frames whose headers the snap length cut
	CutPayloads uint64            // frames of followed flows whose payload was cut
	Gaps        uint64            // places in followed streams where bytes are missing
	Fragments   uint64            // datagrams whose fragments never completed
	Messages    uint64            // Kerberos messages
	Limits      map[string]uint64 // what named limits cost, by limit; nil: none bit
}

// A Decoder reads the packets of one capture, or of one ring set of captures
// in time order. It is not safe for concurrent use.
type Decoder struct {
	sink Sink
	opts Options
}

// New makes a Decoder that hands what it finds to sink.
func New(o Options, sink Sink) *Decoder { return &Decoder{sink: sink, opts: o} }

// Batch decodes the packets of b, which belong to the capture of that index.
// It keeps nothing of b but b itself until the next call or Close; it
// releases it then.
func (d *Decoder) Batch(captureIndex int, b *capture.Batch) {}

// Close ends the capture: what is still open is handed over.
func (d *Decoder) Close() {}

// Stats tells what was counted so far for the capture of that index.
func (d *Decoder) Stats(captureIndex int) Stats { return Stats{} }
