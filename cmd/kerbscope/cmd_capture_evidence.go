package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"kerbscope/analyze"
	"kerbscope/capture"
	"kerbscope/decode/flow"
)

// Bounds of --evidence.
const (
	maxEvidenceFiles = 500
	maxEvidenceBytes = 4 << 20 // of packets in one file
	maxAtOnce        = 8       // files made of one look at the findings
)

// evidence writes the packets that a finding rests on into a file of its own,
// when the finding is first made and again when it changed.
type evidence struct {
	dir    string
	memory *packetMemory
	files  map[string]bool // by finding id
	asked  chan evidenceFile
	done   chan struct{}
	missed uint64 // cited frames that the memory had no more
	full   bool   // maxEvidenceFiles reached, and said so
	failed func(error)
	err    error
}

// evidenceOf is what is to be written of one finding.
type evidenceOf struct {
	id     string
	frames map[stepKey]bool
	notes  *annotations
}

type evidenceFile struct {
	id   string
	data []byte
}

func newEvidence(s *captureSettings, failed func(error)) (*evidence, error) {
	if s.evidence == "" {
		return nil, nil
	}
	if err := os.MkdirAll(s.evidence, 0o700); err != nil {
		return nil, &failure{exitWrite, "cannot write into " + s.evidence + ": " + plainError(err), ""}
	}
	e := &evidence{dir: s.evidence, memory: &packetMemory{age: int64(s.evidenceAge), most: s.evidenceSize},
		files: map[string]bool{}, asked: make(chan evidenceFile, maxAtOnce), done: make(chan struct{}), failed: failed}
	go e.write()
	return e, nil
}

// add remembers packets.
func (e *evidence) add(b *capture.Batch, ifaces []capture.Interface) {
	if e != nil {
		e.memory.add(b, ifaces)
	}
}

// evidenceFrom says what to write of the findings with the given ids.
func evidenceFrom(r *analyze.Report, ids map[string]bool) (list []evidenceOf) {
	for i := range r.Findings {
		if !ids[r.Findings[i].ID] || len(list) >= maxAtOnce {
			continue
		}
		one := *r
		one.Findings = r.Findings[i : i+1]
		one.Verdict = analyze.Verdict{ID: r.Findings[i].ID, Rule: r.Findings[i].Rule, Severity: string(r.Findings[i].Severity), Confidence: string(r.Findings[i].Confidence), Summary: r.Findings[i].Summary}
		list = append(list, evidenceOf{r.Findings[i].ID, citedFrames(&one), annotationsOf(&one)})
	}
	return list
}

// keep has a finding's file written: the whole conversations of the frames
// that it rests on, as far as they are remembered.
func (e *evidence) keep(of evidenceOf, name string) {
	if e == nil || e.err != nil {
		return
	}
	if !e.files[of.id] && len(e.files) >= maxEvidenceFiles {
		if !e.full {
			e.full = true
			e.failed(fmt.Errorf("%s holds the evidence of %d findings; no more is written", e.dir, maxEvidenceFiles))
		}
		return
	}
	first := e.memory.first()
	gone := uint64(0)
	for k := range of.frames {
		if k.frame < first || first == 0 {
			gone++
		}
	}
	if gone > 0 && e.files[of.id] {
		return // what was written when they were there is better
	}
	e.missed += gone
	data := e.file(of, name)
	if data == nil {
		return
	}
	e.files[of.id] = true
	e.asked <- evidenceFile{of.id, data}
}

func (e *evidence) file(of evidenceOf, name string) []byte {
	flows := map[uint64]bool{}
	var p flow.Packet
	hash := func(pk capture.Packet) uint64 {
		if v := flow.Peek(pk.Link, pk.Data, pk.Wire, &p); v == flow.TCP || v == flow.UDP {
			return p.Hash(flowSeed)
		}
		return 0
	}
	want := map[uint64]bool{}
	for k := range of.frames {
		want[k.frame] = true
	}
	e.memory.each(func(pk capture.Packet) bool {
		if want[pk.Frame] {
			if h := hash(pk); h != 0 {
				flows[h] = true
			}
		}
		return true
	})
	var out bytes.Buffer
	w := capture.NewWriter(&out, capture.Section{Application: "kerbscope " + release, Comment: of.notes.section})
	for _, i := range e.memory.ifaces {
		if _, err := w.AddInterface(i); err != nil {
			return nil
		}
	}
	n, size, over := 0, 0, false
	e.memory.each(func(pk capture.Packet) bool {
		cited := want[pk.Frame]
		if !cited && (over || !flows[hash(pk)]) || int(pk.Interface) >= len(e.memory.ifaces) {
			return true
		}
		if size += len(pk.Data); size > maxEvidenceBytes {
			over = true // cited frames are written all the same: they are few
			if !cited {
				return true
			}
		}
		n++
		return w.WritePacket(pk.Record, pk.Data, capture.PacketOptions{Comments: of.notes.of(name, pk.Frame)}) == nil
	})
	if n == 0 || w.Flush() != nil {
		return nil
	}
	return out.Bytes()
}

// path is a finding's file: RULE-12345678.pcapng.
func (e *evidence) path(id string) string {
	return filepath.Join(e.dir, strings.ReplaceAll(id, "/", "-")+".pcapng")
}

// write is the goroutine that puts files on the disk, each under a temporary
// name until it is complete.
func (e *evidence) write() {
	defer close(e.done)
	for f := range e.asked {
		path := e.path(f.id)
		err := os.WriteFile(path+".tmp", f.data, 0o600)
		if err == nil {
			err = os.Rename(path+".tmp", path)
		}
		if err != nil {
			os.Remove(path + ".tmp")
			e.failed(err)
		}
	}
}

func (e *evidence) close() {
	if e != nil {
		close(e.asked)
		<-e.done
	}
}

// room is the memory that packets are remembered in.
func (e *evidence) room() int64 {
	if e == nil {
		return 0
	}
	return e.memory.most
}
