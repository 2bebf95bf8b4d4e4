package analyze

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestSPNHost: a host is only what a service name has in a host's place.
func TestSPNHost(t *testing.T) {
	for principal, want := range map[string]string{
		"smtp/Hub-1.contoso.com@CONTOSO.COM":          "hub-1.contoso.com",
		"MSSQLSvc/hub-1.contoso.com:1433@CONTOSO.COM": "hub-1.contoso.com",
		"ldap/dc1.contoso.com/contoso.com":            "dc1.contoso.com",
		"kadmin/kdc.example.org@EXAMPLE.ORG":          "kdc.example.org",
		"kadmin/admin@EXAMPLE.ORG":                    "",
		"kadmin/changepw@EXAMPLE.ORG":                 "",
		"krbtgt/CONTOSO.COM@CONTOSO.COM":              "",
		"alice@CONTOSO.COM":                           "",
	} {
		assert.Equal(t, want, spnHost(principal), principal)
	}
}
