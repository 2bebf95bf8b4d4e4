package decode

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"kerbscope/decode/krb5"
)

// TestSPAKEReplyKey: after SPAKE the reply is not made with the client's key, and
// that it does not open says nothing about the keytab.
func TestSPAKEReplyKey(t *testing.T) {
	keys, err := ReadKeytab("../pcaps/spake-healthy/mailbox.keytab")
	require.NoError(t, err)
	n := 0
	for _, m := range readFile(t, "../pcaps/spake-healthy/mailbox.pcapng", Options{Keys: keys}).messages {
		if m.Type() != krb5.ASRep {
			continue
		}
		n++
		require.NotNil(t, m.Opened)
		require.NotNil(t, m.Opened.EncPart)
		assert.Equal(t, CannotDecrypt, m.Opened.EncPart.Refusal)
		assert.Contains(t, m.Opened.EncPart.WhyNot, "SPAKE")
	}
	assert.Equal(t, 2, n)
}
