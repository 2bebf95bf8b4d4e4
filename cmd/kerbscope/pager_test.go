package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestPager(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want string
	}{
		{map[string]string{"PAGER": "more -s"}, "more -s"},
		{map[string]string{"PAGER": ""}, ""},
		{map[string]string{"PAGER": "cat"}, ""},
		{map[string]string{"PAGER": "less", "TERM": "dumb"}, ""},
	} {
		assert.Equal(t, c.want, pagerOf(func(k string) (string, bool) { v, ok := c.env[k]; return v, ok }), c.env)
	}
	// What is no terminal gets the text itself.
	t.Setenv("PAGER", "false")
	assert.Contains(t, runOK(t, "explain", "key-mismatch"), "key-mismatch")
}
