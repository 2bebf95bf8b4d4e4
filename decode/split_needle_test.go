package decode

import (
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSplitNeedle: wherever a needle is cut, in however many pieces, the gate
// finds it.
func TestSplitNeedle(t *testing.T) {
	found := func(pieces ...string) bool {
		s := splitNone
		for _, b := range pieces {
			e := brief{}
			e.look([]byte(b))
			switch {
			case e.marks != 0:
				return e.marks == markNeedle
			case len(b) < shortPayload:
				s = splitNeedle(s, []byte(b))
			case s != splitNone && joinsNeedle(s, []byte(b)):
				return true
			default:
				s = e.tail
			}
			if s == splitFound {
				return true
			}
		}
		return false
	}
	token := "\x60\x82\x05\x7f\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01\x00\x6e\x82\x05\x6e"
	for _, whole := range []string{
		"xxxxxxxxxxxx\x03\x02\x01\x05yyyyyyyyyyyy",
		"\x03\x02\x01\x05", "\x03\x03\x02\x01\x05",
		"Authorization: Negotiate " + base64.StdEncoding.EncodeToString([]byte(token)) + "YyYIyYI\r\n",
	} {
		for i := 1; i < len(whole); i++ {
			for j := i; j < len(whole); j++ {
				require.True(t, found(whole[:i], whole[i:j], whole[j:]), "%q %q %q", whole[:i], whole[i:j], whole[j:])
			}
		}
		var bytewise []string
		for _, c := range []byte(whole) {
			bytewise = append(bytewise, string([]byte{c}))
		}
		require.True(t, found(bytewise...))
	}
	require.False(t, found("\x03", "\x02", "\x05", "\x01", "\x05"))
	require.False(t, found("xxxxxxxx\x03\x02", "xxxxxxxxxxx\x01\x05"))
}
