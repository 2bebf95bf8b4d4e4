//go:build libpcap

package live

const withLibpcap = true
