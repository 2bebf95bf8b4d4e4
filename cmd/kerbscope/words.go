package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"kerbscope/analyze"
)

// shortEtype is how tables name an etype; the legend below them gives the
// registered name and number.
func shortEtype(e int32) string {
	switch e {
	case 1, 2, 3:
		return "DES"
	case 16:
		return "3DES"
	case 17:
		return "AES128"
	case 18:
		return "AES256"
	case 19:
		return "AES128-SHA2"
	case 20:
		return "AES256-SHA2"
	case 23:
		return "RC4"
	case 24:
		return "RC4-EXP"
	case 25:
		return "CAMELLIA128"
	case 26:
		return "CAMELLIA256"
	}
	return "etype " + strconv.Itoa(int(e))
}

// withoutRealm is the part of a principal before its last "@".
func withoutRealm(principal string) string {
	if i := strings.LastIndexByte(principal, '@'); i > 0 {
		return principal[:i]
	}
	return principal
}

// A directory names the hosts of a report.
type directory map[string]string // address to short name

func directoryOf(hosts []analyze.Host) directory {
	d := directory{}
	for _, h := range hosts {
		if len(h.Names) == 0 {
			continue
		}
		name := h.Names[0].Name
		// The domain part of a host name says little within one report.
		if i := strings.IndexByte(name, '.'); i > 0 {
			name = name[:i]
		}
		for _, a := range h.Addresses {
			d[a] = escape(name)
		}
	}
	return d
}

// host is the name of the host with that address, or the address.
func (d directory) host(address string) string {
	if n := d[address]; n != "" {
		return n
	}
	return address
}

// carrierWords are the carriers as people write them; without those that a
// reader need not know of.
var carrierWords = map[string]string{
	"smtp": "SMTP", "http": "HTTP", "ldap": "LDAP", "smb2": "SMB", "smb": "SMB1", "dcerpc": "RPC", "kpasswd": "password change", "dns": "DNS", "tds": "SQL Server",
	"imap": "IMAP", "pop": "POP3", "sieve": "ManageSieve", "xmpp": "XMPP", "amqp": "AMQP", "rpcsec_gss": "ONC RPC", "nmf": "net.tcp", "nns": "NegotiateStream",
}

// endpoint is "hub-1 port 25 (SMTP)".
func (d directory) endpoint(e *analyze.Endpoint, carrier []string) string {
	if e == nil {
		return "an unknown host"
	}
	s := d.host(e.Address)
	if e.Port != 0 {
		s += " port " + strconv.Itoa(int(e.Port))
	}
	if len(carrier) > 0 && carrierWords[carrier[0]] != "" {
		word := carrierWords[carrier[0]]
		if slices.Contains(carrier[1:], "dcerpc") { // in a named pipe or a body
			word = "RPC in " + word
		}
		s += " (" + word + ")"
	}
	return s
}

// ticketWords is "AES256, kvno 1".
func ticketWords(etype *int32, kvno *uint32) string {
	var parts []string
	if etype != nil {
		parts = append(parts, shortEtype(*etype))
	}
	if kvno != nil {
		parts = append(parts, fmt.Sprintf("kvno %d", *kvno))
	}
	return strings.Join(parts, ", ")
}

// parseTime reads a time of a report; ok is false when there is none.
func parseTime(s string) (t time.Time, ok bool) {
	t, err := time.Parse(time.RFC3339Nano, s)
	return t, err == nil
}

// clock is the time of day of a report's time, to the millisecond.
func clock(s string) string {
	t, ok := parseTime(s)
	if !ok {
		return "-"
	}
	return t.UTC().Format("15:04:05.000")
}

// span is a length of time as people say it.
func span(seconds float64) string {
	if seconds < 0 {
		seconds = -seconds
	}
	switch {
	case seconds < 0.0005:
		return "1 ms"
	case seconds < 1:
		return fmt.Sprintf("%.0f ms", seconds*1000)
	case seconds < 120:
		return fmt.Sprintf("%.1f s", seconds)
	case seconds < 7200:
		return fmt.Sprintf("%.0f min", seconds/60)
	case seconds < 2*86400:
		return fmt.Sprintf("%.1f h", seconds/3600)
	}
	return fmt.Sprintf("%.1f days", seconds/86400)
}
