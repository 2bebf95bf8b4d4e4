package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"kerbscope/capture"
)

// A keeper writes the packets of -w, in a goroutine of its own. What it was
// told to write is in the file within keepEvery, in whole blocks: a process
// that is killed leaves files that can be read.
type keeper struct {
	path    string
	ring    ringSettings
	patient bool // wait for the disk rather than leave packets out
	ready   chan *keptBatch
	spare   chan *keptBatch
	done    chan struct{}
	failed  func(error) // told once when the disk refuses

	mu      sync.Mutex
	left    uint64 // packets left out
	untold  []capture.Loss
	written uint64
	err     error
}

// keepEvery is how long packets may wait before they are written.
const keepEvery = 500 * time.Millisecond

const (
	// keptBatches are the most copies that wait for the disk.
	keptBatches = 64
	// spareBatches are those kept for use again: a disk that keeps up needs no more.
	spareBatches = 4
)

// A keptBatch is a copy of a batch.
type keptBatch struct {
	data    []byte
	records []capture.Record
	ifaces  []capture.Interface
}

// newKeeper creates the first file, so that one that cannot be written is told
// before capturing.
func newKeeper(path string, ring ringSettings, patient bool, failed func(error)) (*keeper, error) {
	k := &keeper{path: path, ring: ring, patient: patient, failed: failed, ready: make(chan *keptBatch, keptBatches), spare: make(chan *keptBatch, spareBatches), done: make(chan struct{})}
	f := &keptFile{k: k}
	if err := f.open(); err != nil {
		_ = f.close()
		return nil, &failure{exitWrite, "cannot write " + path + ": " + plainError(err), ""}
	}
	go k.run(f)
	return k, nil
}

// add copies the packets of b for writing.
func (k *keeper) add(b *capture.Batch, ifaces []capture.Interface) {
	if k == nil {
		return
	}
	if !k.patient && len(k.ready) == cap(k.ready) {
		n := uint64(len(b.Records))
		k.count(0, n)
		if n > 0 {
			k.lost([]capture.Loss{{From: b.Records[0].Time, To: b.Records[n-1].Time, N: n, What: capture.DroppedByKernel}})
		}
		return
	}
	var c *keptBatch
	select {
	case c = <-k.spare:
	default:
		c = &keptBatch{}
	}
	c.data = append(c.data[:0], b.Data...)
	c.records = append(c.records[:0], b.Records...)
	c.ifaces = ifaces
	k.ready <- c
}

// lost has the file tell of packets that are not in it.
func (k *keeper) lost(list []capture.Loss) {
	if k == nil {
		return
	}
	k.mu.Lock()
	for _, l := range list {
		k.untold = capture.AddLoss(k.untold, l)
	}
	k.mu.Unlock()
}

func (k *keeper) count(written, left uint64) {
	k.mu.Lock()
	k.written, k.left = k.written+written, k.left+left
	k.mu.Unlock()
}

// leftOut is how many packets were not written.
func (k *keeper) leftOut() uint64 {
	if k == nil {
		return 0
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.left
}

// close waits until everything is written.
func (k *keeper) close() error {
	if k == nil {
		return nil
	}
	close(k.ready)
	<-k.done
	return k.err
}

func (k *keeper) run(f *keptFile) {
	defer close(k.done)
	late := time.NewTicker(keepEvery)
	defer late.Stop()
	for {
		select {
		case c, ok := <-k.ready:
			if !ok {
				k.tell(f)
				k.check(f.flush())
				k.check(f.close())
				return
			}
			k.write(f, c)
			select {
			case k.spare <- c:
			default:
			}
		case <-late.C:
			if k.err == nil {
				k.tell(f)
				k.check(f.flush())
			}
		}
	}
}

// tell writes what was lost into the file, once that has an interface.
func (k *keeper) tell(f *keptFile) {
	if f.known == 0 {
		return
	}
	k.mu.Lock()
	list := k.untold
	k.untold = nil
	k.mu.Unlock()
	for _, l := range list {
		k.check(f.loss(l))
	}
}

func (k *keeper) write(f *keptFile, c *keptBatch) {
	for i := range c.records {
		if k.err != nil {
			k.count(0, uint64(len(c.records)-i))
			return
		}
		r := &c.records[i]
		err := f.packet(c, r)
		k.check(err)
		if err == nil {
			k.count(1, 0)
		}
	}
}

// check notes the first error: from then on packets are left out.
func (k *keeper) check(err error) {
	if err == nil || k.err != nil {
		return
	}
	k.err = err
	k.failed(err)
}

// A keptFile is the file in hand.
type keptFile struct {
	k      *keeper
	f      *os.File
	w      *capture.Writer
	buf    bytes.Buffer       // blocks that are complete
	known  int                // interfaces described
	count  capture.Statistics // as last written
	size   int64              // bytes in the file
	opened time.Time
	number int
	names  []string // of the ring's files, oldest first
}

// name is the next file's: as dumpcap's in a ring, NAME_00001_20260131235959.pcapng.
func (f *keptFile) name(now time.Time) string {
	if !f.k.ring.on() {
		return f.k.path
	}
	ext := filepath.Ext(f.k.path)
	f.number++
	return fmt.Sprintf("%s_%05d_%s%s", strings.TrimSuffix(f.k.path, ext), f.number, now.Format("20060102150405"), ext)
}

func (f *keptFile) open() error {
	now := time.Now()
	name := f.name(now)
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	f.f, f.opened, f.size, f.known, f.count = file, now, 0, 0, capture.Statistics{}
	f.buf.Reset()
	f.w = capture.NewWriter(&f.buf, capture.Section{Application: "kerbscope " + release})
	if f.names = append(f.names, name); f.k.ring.files > 0 && len(f.names) > f.k.ring.files {
		os.Remove(f.names[0]) // one that somebody took away is gone as well
		f.names = f.names[1:]
	}
	return f.flush()
}

func (f *keptFile) packet(c *keptBatch, r *capture.Record) error {
	if f.full() {
		if err := f.flush(); err != nil {
			return err
		}
		if err := f.close(); err != nil {
			return err
		}
		if err := f.open(); err != nil {
			return err
		}
	}
	for f.known <= int(r.Interface) {
		i := capture.Interface{Link: r.Link, TicksPS: 1e9}
		if f.known < len(c.ifaces) {
			i = c.ifaces[f.known]
		}
		if _, err := f.w.AddInterface(i); err != nil {
			return err
		}
		f.known++
	}
	if err := f.w.WritePacket(*r, c.data[r.Off:r.Off+r.Len], capture.PacketOptions{}); err != nil {
		return err
	}
	f.size += int64(r.Len) + 32
	if f.buf.Len() >= 1<<20 {
		return f.flush()
	}
	return nil
}

// loss writes the count before a loss and after it, so that it is known when
// it was. Counts are of all interfaces together.
func (f *keptFile) loss(l capture.Loss) error {
	if f.known > 1 {
		f.count.Comment = "of all interfaces"
	}
	return tellLoss(f.w, 0, &f.count, l)
}

func (f *keptFile) full() bool {
	ring := &f.k.ring
	return ring.bytes > 0 && f.size >= ring.bytes || ring.age > 0 && time.Since(f.opened) >= ring.age
}

// flush writes the blocks that are complete. When only a part of them fits,
// that part is taken back: the file ends with a whole block.
func (f *keptFile) flush() error {
	if err := f.w.Flush(); err != nil {
		return err
	}
	if f.buf.Len() == 0 {
		return nil
	}
	at, err := f.f.Seek(0, 1)
	if err != nil {
		at = -1 // a pipe
	}
	n, err := f.f.Write(f.buf.Bytes())
	if err != nil && at >= 0 {
		_ = f.f.Truncate(at + wholeBlocks(f.buf.Bytes(), n))
	}
	f.buf.Reset()
	return err
}

// wholeBlocks is how many of the first n bytes of pcapng are whole blocks.
func wholeBlocks(b []byte, n int) (whole int64) {
	for len(b) >= 8 {
		size := int(binary.LittleEndian.Uint32(b[4:]))
		if size < 8 || int(whole)+size > n || size > len(b) {
			break
		}
		whole += int64(size)
		b = b[size:]
	}
	return whole
}

func (f *keptFile) close() error {
	if f.f == nil {
		return nil
	}
	err := f.f.Close()
	f.f = nil
	return err
}
