package main

import (
	"encoding/xml"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// An outline is what a test wants to know of a page.
type outline struct {
	elements map[string]int
	ids      []string
	links    []string
	headings []string
	texts    []string
}

// outlineOf reads a page as strict XML, which every tag must close in order
// for, and checks what must hold for each element.
func outlineOf(t testing.TB, page string) *outline {
	t.Helper()
	o := &outline{elements: map[string]int{}}
	d := xml.NewDecoder(strings.NewReader(page))
	var open []string
	heading := 0
	var text strings.Builder
	for {
		tok, err := d.Token()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		switch tok := tok.(type) {
		case xml.StartElement:
			name := tok.Name.Local
			o.elements[name]++
			open = append(open, name)
			attr := map[string]string{}
			for _, a := range tok.Attr {
				attr[a.Name.Local] = a.Value
				require.NotEqual(t, "style", a.Name.Local, "the policy forbids it")
				require.False(t, strings.HasPrefix(a.Name.Local, "on"), a.Name.Local)
			}
			if id := attr["id"]; id != "" {
				require.False(t, slices.Contains(o.ids, id), "%q is there twice", id)
				o.ids = append(o.ids, id)
			}
			for _, a := range []string{"href", "src", "action", "srcset", "data", "poster"} {
				if v, ok := attr[a]; ok {
					require.True(t, strings.HasPrefix(v, "#"), "%s=%q leads away", a, v)
					o.links = append(o.links, v[1:])
				}
			}
			o.links = append(o.links, strings.Fields(attr["aria-labelledby"])...)
			switch name {
			case "th":
				require.Contains(t, []string{"row", "col"}, attr["scope"])
			case "svg":
				if !slices.Contains(open[:len(open)-1], "svg") {
					require.True(t, attr["aria-hidden"] == "true" || attr["role"] == "img" && (attr["aria-label"] != "" || attr["aria-labelledby"] != ""), "a picture without words: %v", attr)
				}
			case "h1", "h2", "h3", "h4":
				level := int(name[1] - '0')
				require.LessOrEqual(t, level, heading+1, "headings in order")
				heading = level
				text.Reset()
			}
		case xml.EndElement:
			name := open[len(open)-1]
			open = open[:len(open)-1]
			if slices.Contains([]string{"h1", "h2", "h3"}, name) {
				o.headings = append(o.headings, name+" "+strings.Join(strings.Fields(text.String()), " "))
			}
		case xml.CharData:
			text.Write(tok)
			if len(open) > 0 && !slices.Contains([]string{"script", "style"}, open[len(open)-1]) {
				o.texts = append(o.texts, string(tok))
			}
		}
	}
	for _, l := range o.links {
		require.True(t, slices.Contains(o.ids, l), "%q leads nowhere", l)
	}
	require.Equal(t, 1, o.elements["h1"])
	require.Equal(t, 1, o.elements["main"])
	require.Equal(t, 1, o.elements["script"])
	require.Equal(t, 1, o.elements["style"])
	for _, never := range []string{"img", "link", "iframe", "object", "embed", "base", "form", "image", "use", "foreignObject"} {
		require.Zero(t, o.elements[never], never)
	}
	return o
}
