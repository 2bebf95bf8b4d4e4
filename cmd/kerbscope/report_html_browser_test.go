package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// browserCases are looked at in a browser.
var browserCases = []string{"seed-story", "rc4-enforcement-break", "clock-skew-client", "kdc-unreachable", "stale-keytab", "ntlm-fallback", "referral-dead-end",
	"all-carriers-healthy", "password-spray", "duplicate-spn"}

// browserWidths are a phone, a laptop and a large screen.
var browserWidths = []int{360, 1280, 1920}

func chromiumFlags(t *testing.T, more ...string) []string {
	return append([]string{"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
		"--disable-sync", "--disable-default-apps", "--disable-dev-shm-usage", "--hide-scrollbars", "--user-data-dir=" + t.TempDir()}, more...)
}

// A browserResult is what html/probe.js measured of one page at one width.
type browserResult struct {
	Page     string
	Width    int
	Problems []string
	Texts    int
	Contrast float64
	Dark     bool
	Height   int
}

// A pageServer serves pages to the browser under their own policy, and notes
// what else is asked for. It is the browser's proxy too, so that nothing leaves
// the machine unseen.
type pageServer struct {
	*httptest.Server
	pages   map[string]string
	job     []browserJob
	results chan []browserResult
	sync.Mutex
	asked []string // what a page must not ask for, and what its policy stopped
}

// A browserJob is one look at a page.
type browserJob struct {
	Page  string `json:"page"`
	Width int    `json:"width"`
}

// browsersOwn are hosts that Chromium itself wants to talk to, whatever the page.
var browsersOwn = regexp.MustCompile(`^([a-z0-9-]+\.)*(google|googleapis|gstatic)\.com(:\d+)?$`)

var metaPolicy = regexp.MustCompile(`http-equiv="Content-Security-Policy" content="([^"]+)"`)

func servePages(t *testing.T, pages map[string]string, widths func(page string) []int) *pageServer {
	s := &pageServer{pages: pages, results: make(chan []browserResult, 1)}
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		for _, w := range widths(name) {
			s.job = append(s.job, browserJob{name, w})
		}
	}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodConnect || r.URL.Host != "" {
			if !browsersOwn.MatchString(r.Host) {
				s.note("outside: " + r.Method + " " + r.RequestURI)
			}
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		name, isPage := strings.CutPrefix(r.URL.Path, "/page/")
		switch {
		case isPage && s.pages[name] != "":
			m := metaPolicy.FindStringSubmatch(s.pages[name])
			if m == nil {
				s.note("no policy: " + name)
				return
			}
			// The same policy once more, as a header, which can tell us what it stopped.
			w.Header().Set("Content-Security-Policy", strings.ReplaceAll(m[1], "&#39;", "'")+"; report-uri /stopped")
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			io.WriteString(w, s.pages[name])
		case r.URL.Path == "/stopped":
			b, _ := io.ReadAll(io.LimitReader(r.Body, 2000))
			s.note("stopped by the policy: " + string(b))
		case r.URL.Path == "/":
			io.WriteString(w, `<!DOCTYPE html><meta charset="utf-8"><body><script src="/probe.js"></script>`)
		case r.URL.Path == "/probe.js":
			http.ServeFile(w, r, "html/probe.js")
		case r.URL.Path == "/job":
			json.NewEncoder(w).Encode(s.job)
		case r.URL.Path == "/result":
			var list []browserResult
			if err := json.NewDecoder(r.Body).Decode(&list); err != nil {
				s.note(err.Error())
			}
			s.results <- list
		case r.URL.Path == "/favicon.ico":
			http.NotFound(w, r)
		default:
			s.note("asked for: " + r.Method + " " + r.RequestURI)
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *pageServer) note(what string) {
	s.Lock()
	defer s.Unlock()
	s.asked = append(s.asked, what)
}

// browse opens the pages in Chromium and returns what the probe measured, what
// was asked for, and what the console said.
func browse(t *testing.T, dark bool, pages map[string]string, widths func(page string) []int, enough func(asked, console string) bool) (results []browserResult, asked, console []string) {
	t.Helper()
	s := servePages(t, pages, widths)
	setting := "1"
	if dark {
		setting = "0"
	}
	ctx, cancel := context.WithTimeout(t.Context(), 180*time.Second)
	defer cancel()
	said := &lockedBuffer{}
	c := exec.CommandContext(ctx, "chromium", chromiumFlags(t, "--blink-settings=preferredColorScheme="+setting, "--window-size=1920,1080", "--enable-logging=stderr",
		"--proxy-server="+s.URL, "--remote-debugging-port=0", s.URL+"/")...)
	c.Stderr = said
	c.WaitDelay = 5 * time.Second
	require.NoError(t, c.Start())
	select {
	case results = <-s.results:
	case <-ctx.Done():
	}
	// What the page's policy stopped, and the console, come on ways of their own.
	for began := time.Now(); time.Since(began) < 10*time.Second; time.Sleep(50 * time.Millisecond) {
		s.Lock()
		all := strings.Join(s.asked, "\n")
		s.Unlock()
		if enough == nil && time.Since(began) > time.Second || enough != nil && enough(all, said.String()) {
			break
		}
	}
	cancel()
	c.Wait()
	require.Len(t, results, len(s.job), "%s", tail(said.String()))
	for _, l := range strings.Split(said.String(), "\n") {
		if strings.Contains(l, ":CONSOLE") {
			console = append(console, l)
		}
	}
	s.Lock()
	defer s.Unlock()
	return results, s.asked, console
}

// A lockedBuffer may be read while a process writes to it.
type lockedBuffer struct {
	sync.Mutex
	b bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.Lock()
	defer l.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.Lock()
	defer l.Unlock()
	return l.b.String()
}

// TestHTMLBrowser: in Chromium, light and dark, on a phone, a laptop and a
// large screen, the reports make no noise on the console, ask for nothing, fit
// the width, no text covers another, and all text can be read.
func TestHTMLBrowser(t *testing.T) {
	needTool(t, "chromium")
	cases, hostile := map[string]string{}, map[string]string{}
	for _, c := range browserCases {
		cases[c] = string(analyzeCase(t, filepath.Join(corpusRoot, c), "html", nil))
	}
	maps.Copy(hostile, cases)
	for i, name := range hostileNames {
		hostile[fmt.Sprintf("hostile-%02d", i)] = htmlOf(t, hostileReport(t, name))
	}
	for _, theme := range []string{"light", "dark"} {
		t.Run(theme, func(t *testing.T) {
			pages := map[string]map[string]string{"light": hostile, "dark": cases}[theme]
			results, asked, console := browse(t, theme == "dark", pages, func(page string) []int {
				var i int
				if n, _ := fmt.Sscanf(page, "hostile-%d", &i); n == 1 { // one width each, the long names both
					if len(hostileNames[i]) > 100 {
						return browserWidths[:2]
					}
					return browserWidths[i%2 : i%2+1]
				}
				return browserWidths
			}, nil)
			least, texts := 99.0, 0
			for _, r := range results {
				assert.Empty(t, r.Problems, "%s at %d", r.Page, r.Width)
				assert.Greater(t, r.Texts, 30, "%s at %d", r.Page, r.Width)
				assert.Equal(t, theme == "dark", r.Dark)
				least, texts = min(least, r.Contrast), texts+r.Texts
			}
			assert.Empty(t, asked)
			assert.Empty(t, console)
			t.Logf("%d looks, %d texts, least contrast %.2f", len(results), texts, least)
		})
	}
}

// TestHTMLBrowserSees: what the probe is to find, it finds.
func TestHTMLBrowserSees(t *testing.T) {
	needTool(t, "chromium")
	bad := `<!DOCTYPE html><html class="scripted"><head><meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src http://nowhere.invalid; style-src 'unsafe-inline'; script-src 'unsafe-inline'"/></head>
<body style="background: #fff"><p style="color: #888; background: #999">hard to read</p><div style="width: 3000px; text-align: right">wide</div>
<p style="position: absolute; top: 300px">one text</p><p style="position: absolute; top: 302px">another text</p>
<img src="http://nowhere.invalid/x.png"><img src="http://stopped.invalid/x.png"><script>console.error("noise"); window.hacked = 1;</script></body></html>`
	results, asked, console := browse(t, false, map[string]string{"bad": bad}, func(string) []int { return []int{1280} }, func(asked, console string) bool {
		return strings.Contains(asked, "x.png") && strings.Contains(asked, "stopped by") && strings.Contains(console, "noise")
	})
	problems := strings.Join(results[0].Problems, "\n")
	for _, want := range []string{"overflow", "hacked", "cut off", "contrast", "overlap", "loads: http://nowhere.invalid/x.png"} {
		assert.Contains(t, problems, want)
	}
	assert.Contains(t, strings.Join(asked, "\n"), "outside: GET http://nowhere.invalid/x.png")
	assert.Contains(t, strings.Join(asked, "\n"), "stopped by the policy")
	assert.Contains(t, strings.Join(console, "\n"), "noise")
}

func tail(s string) string { return s[max(0, len(s)-2000):] }

// TestHTMLPrint: the page can be printed, and what is folded on the screen is
// on the paper.
func TestHTMLPrint(t *testing.T) {
	needTool(t, "chromium")
	dir := t.TempDir()
	page, pdf := filepath.Join(dir, "report.html"), filepath.Join(dir, "report.pdf")
	require.NoError(t, os.WriteFile(page, analyzeCase(t, goodFolder, "html", nil), 0o600))
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "chromium", chromiumFlags(t, "--no-pdf-header-footer", "--print-to-pdf="+pdf, "file://"+page)...).CombinedOutput()
	require.NoError(t, err, "%s", tail(string(out)))
	b, err := os.ReadFile(pdf)
	require.NoError(t, err)
	require.True(t, bytes.HasPrefix(b, []byte("%PDF-")))
	sheets := len(regexp.MustCompile(`/Type\s*/Page\b`).FindAll(b, -1))
	assert.Greater(t, sheets, 6, "findings are unfolded")
	assert.Less(t, sheets, 25)
	t.Logf("%d sheets", sheets)
}
