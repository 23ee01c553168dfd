/** The styles of the HTML report: light and dark, screen and paper. */
export const STYLE = `
:root { color-scheme: light dark; --text: #1f2328; --pale: #656d76; --line: #d0d7de; --back: #fff; --box: #f6f8fa;
  --good: #1a7f37; --bad: #cf222e; --warn: #9a6700; --writes: #d4a72c; }
@media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --pale: #8d96a0; --line: #30363d; --back: #0d1117;
  --box: #161b22; --good: #3fb950; --bad: #f85149; --warn: #d29922; --writes: #bb8009; } }
body { margin: 0; background: var(--back); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 900px; margin: 0 auto; padding: 24px 20px 60px; }
h1 { font-size: 24px; } h2 { font-size: 19px; margin-top: 0; } h3 { font-size: 15px; margin: 20px 0 6px; }
h4 { margin: 0; font: 600 13px ui-monospace, monospace; }
section { border-top: 1px solid var(--line); margin-top: 28px; padding-top: 24px; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: 5px 10px 5px 0; border-bottom: 1px solid var(--line); }
.number { text-align: right; }
a { color: inherit; }
small { color: var(--pale); }
pre { background: var(--box); border: 1px solid var(--line); border-radius: 6px; padding: 10px 12px;
  font: 13px/1.45 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
.lines { counter-reset: line; padding-left: 0; }
.lines span { display: block; counter-increment: line; padding: 0 4px 0 52px; text-indent: -40px; }
.lines span::before { content: counter(line); display: inline-block; width: 28px; margin-right: 12px; text-indent: 0;
  text-align: right; color: var(--pale); user-select: none; }
.lines span:target { background: color-mix(in srgb, var(--warn) 20%, transparent); }
.summary { font-size: 16px; }
ul { padding-left: 20px; margin: 6px 0; }
.badge { display: inline-block; border: 1px solid currentcolor; border-radius: 12px; padding: 0 9px; font: 600 12px/20px system-ui, sans-serif; white-space: nowrap; }
.lossless, .added { color: var(--good); } .lossy, .unproven, .changed, .warning { color: var(--warn); }
.irreversible, .no-grade, .removed, .error { color: var(--bad); }
.tables { display: flex; flex-wrap: wrap; gap: 10px; }
.table { border: 1px solid var(--line); border-radius: 6px; padding: 8px 12px; min-width: 180px; }
.table ul { list-style: none; padding: 0; margin: 6px 0 0; font: 13px ui-monospace, monospace; }
.hazards { list-style: none; padding: 0; }
.hazards li { border-left: 3px solid var(--line); padding: 2px 0 2px 12px; margin: 10px 0; }
.hazards .error, .hazards .warning { color: inherit; }
.hazards .error { border-left-color: var(--bad); } .hazards .warning { border-left-color: var(--warn); }
svg { width: 100%; height: auto; } svg text { fill: var(--text); font: 13px ui-monospace, monospace; }
svg .axis { fill: var(--pale); font: 12px system-ui, sans-serif; } svg .end { text-anchor: end; }
svg .all { fill: var(--bad); } svg .writes { fill: var(--writes); }
svg line { stroke: var(--line); } svg .span { fill: var(--line); opacity: 0.6; } svg path { fill: none; stroke-width: 1.5; }
svg path.read { stroke: var(--good); } svg path.write { stroke: var(--bad); } svg path.long-read { stroke: var(--writes); }
svg rect.read { fill: var(--good); } svg rect.write { fill: var(--bad); } svg rect.long-read { fill: var(--writes); }
`
