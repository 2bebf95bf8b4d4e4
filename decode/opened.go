package decode

// opened lets the keys at hand open what m carries.
func (d *Decoder) opened(m *Message) {
	m.Opened = d.opts.Keys.Open(m.Krb)
}
