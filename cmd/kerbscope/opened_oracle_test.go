package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTsharkKeytabOracle: what tshark decrypts with the keytabs of the corpus,
// decode opens too, with the same contents: session key's etype, times, owner
// and PAC buffers of tickets, clock and subkey of authenticators, AP-REPs, enc-parts.
func TestTsharkKeytabOracle(t *testing.T) {
	needTool(t, "tshark")
	var compared atomic.Int64
	t.Run("cases", func(t *testing.T) {
		for _, keytab := range corpusKeytabs(t) {
			for _, path := range capturesIn(t, filepath.Dir(keytab)) {
				if strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)) != strings.TrimSuffix(filepath.Base(keytab), ".keytab") {
					continue
				}
				t.Run(caseName(path), func(t *testing.T) {
					t.Parallel()
					ours, shown := ourOpened(t, path, keytab)
					for frame, list := range tsharkOpened(t, path, keytab) {
						aps := slices.DeleteFunc(slices.Clone(list), func(s string) bool { return !strings.HasPrefix(s, "a") })
						if len(aps) > shown[frame] {
							continue // TestTsharkOracle tells of messages that decode does not show
						}
						for _, line := range list {
							if strings.Contains(line, "key 25") || strings.Contains(line, "key 26") {
								continue // Camellia is not opened here
							}
							compared.Add(1)
							assert.Contains(t, ours[frame], line, "frame %d", frame)
						}
					}
				})
			}
		}
	})
	assert.Greater(t, compared.Load(), int64(100), "parts that both opened")
	t.Logf("%d parts are the same", compared.Load())
}

// corpusKeytabs lists the keytabs of the corpus.
func corpusKeytabs(t *testing.T) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(corpusRoot, "*", "*.keytab"))
	require.NoError(t, err)
	require.NotEmpty(t, list)
	return list
}

func tsharkOpened(t *testing.T, path, keytab string) map[uint64][]string {
	cmd := exec.Command("tshark", "-o", "kerberos.decrypt:TRUE", "-K", keytab, "-r", forTshark(t, path), "-T", "pdml", "-Y", "kerberos")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	require.NoError(t, err, errs.String())
	var doc struct {
		Packets []pdml `xml:"packet"`
	}
	require.NoError(t, xml.Unmarshal(out, &doc))
	opened := map[uint64][]string{}
	for _, p := range doc.Packets {
		frame, err := strconv.ParseUint(p.find("frame.number").Show, 10, 64)
		require.NoError(t, err)
		p.walk(func(e *pdml) {
			if line := tsharkPart(e); line != "" {
				opened[frame] = append(opened[frame], line)
			}
		})
	}
	return opened
}

func (p *pdml) walk(yield func(*pdml)) {
	for i := range p.In {
		yield(&p.In[i])
		p.In[i].walk(yield)
	}
}

// tsharkPart is one line for a decrypted part.
func tsharkPart(e *pdml) string {
	etype := func(name string) string {
		if k := e.child(name).child("kerberos.keytype"); k != nil {
			return k.Show
		}
		return ""
	}
	switch e.Name {
	case "kerberos.encTicketPart_element":
		var buffers []string
		e.walk(func(p *pdml) {
			if p.Name == "kerberos.pac.type" {
				buffers = append(buffers, strconv.Itoa(int(*p.int32())))
			}
		})
		return fmt.Sprintf("ticket %s@%s key %s from %s to %s pac %v", e.child("kerberos.cname_element").strings("kerberos.CNameString"), e.child("kerberos.crealm").text(),
			etype("kerberos.key_element"), e.time("authtime", ""), e.time("endtime", ""), buffers)
	case "kerberos.authenticator_element":
		if e.child("kerberos.ctime") == nil {
			return ""
		}
		return fmt.Sprintf("authenticator of %s at %s subkey %s", e.child("kerberos.cname_element").strings("kerberos.CNameString"), e.time("ctime", "cusec"), etype("kerberos.subkey_element"))
	case "kerberos.encAPRepPart_element":
		return fmt.Sprintf("ap-rep at %s subkey %s", e.time("ctime", "cusec"), etype("kerberos.subkey_element"))
	case "kerberos.encASRepPart_element", "kerberos.encTGSRepPart_element":
		return fmt.Sprintf("enc-part for %s key %s to %s", e.child("kerberos.sname_element").strings("kerberos.SNameString"), etype("kerberos.key_element"), e.time("endtime", ""))
	}
	return ""
}

// ourOpened is the same of decode, and how many messages each frame has.
func ourOpened(t *testing.T, path, keytab string) (opened map[uint64][]string, shown map[uint64]int) {
	opened, shown = map[uint64][]string{}, map[uint64]int{}
	number := func(e *int32) string {
		if e == nil {
			return ""
		}
		return strconv.Itoa(int(*e))
	}
	for _, line := range strings.Split(strings.TrimSpace(runOK(t, "decode", "--format", "ndjson", "-k", keytab, path)), "\n") {
		var r row
		require.NoError(t, json.Unmarshal([]byte(line), &r))
		if r.MsgType != "" {
			shown[r.Frame]++
		}
		add := func(format string, args ...any) {
			if s := fmt.Sprintf(format, args...); !slices.Contains(opened[r.Frame], s) {
				opened[r.Frame] = append(opened[r.Frame], s)
			}
		}
		var tell func(o *rowOpened)
		tell = func(o *rowOpened) {
			if o == nil {
				return
			}
			if o.Key != "" {
				var buffers []string
				if o.PAC != nil {
					for _, b := range o.PAC.Buffers {
						buffers = append(buffers, strconv.Itoa(int(b)))
					}
				}
				add("ticket %s@%s key %s from %s to %s pac %v", o.CName, o.CRealm, number(o.SessionKeyEtype), o.AuthTime, o.EndTime, buffers)
			}
			if a := o.Authenticator; a != nil {
				add("authenticator of %s at %s subkey %s", a.CName, a.CTime, number(a.SubkeyEtype))
			}
			if a := o.APRep; a != nil {
				add("ap-rep at %s subkey %s", a.CTime, number(a.SubkeyEtype))
			}
			if e := o.EncPart; e != nil {
				add("enc-part for %s key %s to %s", e.SName, number(e.SessionKeyEtype), e.EndTime)
			}
			for _, t := range o.Tickets {
				tell(t)
			}
			if o.FAST != nil {
				tell(o.FAST.Armor)
			}
		}
		tell(r.Opened)
	}
	return opened, shown
}
