"use strict";
// Measures reports as a browser shows them; only the tests use it. Each report is laid out in a frame of each width, with
// everything unfolded; then boxes of text, colours and widths are looked at.
(async function () {
  const job = await (await fetch("/job")).json();
  const results = [];
  for (const j of job) results.push(await measure(j.page, j.width));
  await fetch("/result", { method: "POST", body: JSON.stringify(results) });

  async function measure(name, width) {
    const frame = document.createElement("iframe");
    frame.style.cssText = "border:0;width:" + width + "px;height:2000px";
    document.body.append(frame);
    const loaded = new Promise(function (done) { frame.onload = done; });
    frame.src = "/page/" + name;
    await loaded;
    const view = frame.contentWindow, doc = frame.contentDocument;
    const result = { page: name, width: width, problems: [], texts: 0, contrast: 99, dark: view.matchMedia("(prefers-color-scheme: dark)").matches };
    const problem = function (kind, what) { if (result.problems.length < 12) result.problems.push(kind + ": " + what); };
    result.folded = doc.documentElement.scrollHeight;
    for (const d of doc.querySelectorAll("details")) d.open = true;
    const sheet = new view.CSSStyleSheet();
    sheet.replaceSync("* { content-visibility: visible !important; } html { scroll-behavior: auto !important; }");
    doc.adoptedStyleSheets = [sheet];
    await new Promise(function (done) { view.requestAnimationFrame(function () { view.requestAnimationFrame(done); }); });
    frame.style.height = doc.documentElement.scrollHeight + "px";
    await new Promise(function (done) { view.requestAnimationFrame(function () { view.requestAnimationFrame(done); }); });
    const root = doc.documentElement;
    if (root.scrollWidth > root.clientWidth) {
      problem("overflow", root.scrollWidth + " in " + root.clientWidth);
      for (const e of doc.body.querySelectorAll("*")) {
        const r = e.getBoundingClientRect();
        if (r.right > root.clientWidth + 1 && !e.closest(".scroll, nav ol")) problem("wide", describe(e) + " to " + Math.round(r.right));
      }
    }
    if (view.hacked) problem("hacked", String(view.hacked));
    if (!root.classList.contains("scripted")) problem("script", "did not run");
    const boxes = [];
    const walk = doc.createTreeWalker(doc.body, NodeFilter.SHOW_TEXT);
    for (let n = walk.nextNode(); n; n = walk.nextNode()) {
      const e = n.parentElement;
      if (!n.data.trim() || e.closest("script, style, .sr, .skip, #said") || clipped(view, e) || !e.checkVisibility()) continue;
      const range = doc.createRange();
      range.selectNodeContents(n);
      let seen = false;
      for (const r of range.getClientRects()) {
        if (r.width < 2 || r.height < 2) continue;
        seen = true;
        const cut = r.height * 0.24; // lines of text may be closer than their boxes are high
        boxes.push({ n: n, l: r.left + 0.6, r: r.right - 0.6, t: r.top + cut, b: r.bottom - cut });
        if (r.right > root.clientWidth + 1 && !e.closest(".scroll, nav ol")) problem("cut off", quote(n));
        const svg = e.closest("svg.seq");
        if (svg) {
          const s = svg.getBoundingClientRect();
          if (r.right > s.right + 1 || r.left < s.left - 1 || r.bottom > s.bottom + 1) problem("outside its picture", quote(n));
        }
      }
      if (!seen) continue;
      result.texts++;
      const c = contrast(view, doc, e, range.getClientRects()[0]);
      result.contrast = Math.min(result.contrast, c);
      if (c < 4.5) problem("contrast", c.toFixed(2) + " " + describe(e) + " " + quote(n));
      const size = parseFloat(view.getComputedStyle(e).fontSize);
      if (size < 11) problem("small", size + " " + quote(n));
    }
    boxes.sort(function (a, b) { return a.t - b.t; });
    for (let i = 0; i < boxes.length; i++) {
      for (let k = i + 1; k < boxes.length && boxes[k].t < boxes[i].b; k++) {
        const a = boxes[i], b = boxes[k];
        if (a.n !== b.n && a.l < b.r && b.l < a.r && a.t < b.b && !hiddenBehindScroll(a.n) && !hiddenBehindScroll(b.n)) problem("overlap", quote(a.n) + " and " + quote(b.n));
      }
    }
    for (const r of view.performance.getEntriesByType("resource")) problem("loads", r.name);
    result.height = root.scrollHeight;
    frame.remove();
    return result;
  }

  // What is scrolled out of a box that scrolls sideways does not lie over anything.
  function hiddenBehindScroll(n) {
    const box = n.parentElement.closest(".scroll, nav ol");
    return box !== null && box.scrollWidth > box.clientWidth;
  }

  // Heads that only screen readers get to know.
  function clipped(view, e) {
    const head = e.closest("thead, nav .small");
    return head !== null && view.getComputedStyle(head).clipPath !== "none";
  }

  function describe(e) { return e.tagName.toLowerCase() + (e.getAttribute("class") ? "." + e.getAttribute("class").replaceAll(" ", ".") : ""); }
  function quote(n) { return JSON.stringify(n.data.trim().slice(0, 40)); }

  function rgba(text) {
    const m = /^rgba?\(([\d.]+), ([\d.]+), ([\d.]+)(?:, ([\d.]+))?\)$/.exec(text);
    return m && { r: +m[1], g: +m[2], b: +m[3], a: m[4] === undefined ? 1 : +m[4] };
  }

  // The contrast of WCAG 2.2 between the colour of a text and what lies behind it.
  function contrast(view, doc, e, box) {
    const inPicture = e.closest("svg") !== null;
    const style = view.getComputedStyle(e);
    const text = rgba(inPicture ? style.fill : style.color);
    let ground = null;
    if (inPicture) {
      for (const u of doc.elementsFromPoint(box.left + box.width / 2, box.top + box.height / 2)) {
        if (u.closest("text")) continue;
        const s = view.getComputedStyle(u);
        const c = rgba(u instanceof view.SVGElement ? (u.tagName === "svg" ? s.backgroundColor : s.fill) : s.backgroundColor);
        if (c && c.a === 1) { ground = c; break; }
      }
    } else {
      for (let u = e; u && !ground; u = u.parentElement) {
        const c = rgba(view.getComputedStyle(u).backgroundColor);
        if (c && c.a === 1) ground = c;
      }
    }
    if (!text || !ground) return 0;
    const a = light(text), b = light(ground);
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  }

  function light(c) {
    const part = function (v) { v /= 255; return v <= 0.04045 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4); };
    return 0.2126 * part(c.r) + 0.7152 * part(c.g) + 0.0722 * part(c.b);
  }
})().catch(function (e) { fetch("/result", { method: "POST", body: JSON.stringify([{ page: "probe", problems: [String(e) + " " + e.stack] }]) }); });
