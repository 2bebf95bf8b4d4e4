package decode

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestClientHelloName(t *testing.T) {
	hello := clientHello("sql1.contoso.com")
	for _, c := range []struct {
		name string
		in   []byte
		want string
		v    verdict
	}{
		{"whole", hello, "sql1.contoso.com", yes},
		{"not all there", hello[:60], "", needMore},
		{"a record shorter than a handshake's header", []byte("\x16\x03\x03\x00\x00\x01\x00\x00\x35"), "", no},
		{"no handshake", tlsRecord(0x17, make([]byte, 20)), "", no},
	} {
		got, v := clientHelloName(c.in)
		assert.Equal(t, c.want, got, c.name)
		assert.Equal(t, c.v, v, c.name)
	}
}

func FuzzClientHello(f *testing.F) {
	f.Add(clientHello("sql1.contoso.com"))
	f.Fuzz(func(t *testing.T, b []byte) { clientHelloName(b) })
}
