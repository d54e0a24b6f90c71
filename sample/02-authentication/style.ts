export const STYLE = `
:root {
  color-scheme: light dark;
  --page: light-dark(#f5f4f0, #16181a);
  --card: light-dark(#ffffff, #1f2225);
  --line: light-dark(#e0ded6, #33383c);
  --text: light-dark(#22262a, #e6e4df);
  --quiet: light-dark(#656c72, #9aa1a7);
  --accent: light-dark(#2a6f5e, #7cc4ae);
  --on-accent: light-dark(#ffffff, #10211c);
  --failed: light-dark(#a4322a, #f0958c);
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 3rem 1.25rem; max-width: 42rem;
  background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif;
}
h1 { margin: 0 0 1.5rem; font-size: 1.75rem; line-height: 1.2; overflow-wrap: anywhere; }
h2 { margin: 0 0 .5rem; font-size: 1rem; color: var(--quiet); font-weight: 600; }
p { margin: 0; overflow-wrap: anywhere; }
.quiet { color: var(--quiet); font-size: .875rem; }
section { padding: 1.5rem; background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
section + section { margin-top: 1rem; }
.notice {
  display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: .5rem 1rem;
  margin-bottom: 1rem; padding: .75rem 1.5rem; background: var(--card); border: 1px solid var(--accent); border-radius: 12px;
}
.notice[hidden] { display: none; }
.line { display: flex; flex-wrap: wrap; align-items: end; justify-content: space-between; gap: .75rem; }
a { color: var(--accent); }
.narrow { max-width: 24rem; }
.login { display: grid; gap: 1rem; }
label { display: grid; gap: .25rem; color: var(--quiet); font-size: .875rem; }
label.check { display: flex; align-items: center; gap: .5rem; }
label input { color: var(--text); font-size: 1rem; }
.failed { color: var(--failed); }
ul { margin: 0 0 1.25rem; padding: 0; list-style: none; }
li { display: flex; align-items: center; justify-content: space-between; gap: 1rem; padding: .9rem 0; border-bottom: 1px solid var(--line); }
.device { display: flex; flex-wrap: wrap; align-items: center; gap: .1rem .6rem; }
.badge { padding: .1rem .5rem; border-radius: 99px; background: var(--page); color: var(--accent); font-size: .8rem; white-space: nowrap; }
.row { display: flex; flex-wrap: wrap; gap: .75rem; }
input, button { font: inherit; color: inherit; border: 1px solid var(--line); border-radius: 8px; padding: .45rem .8rem; }
input { min-width: 0; background: var(--page); }
button { background: transparent; cursor: pointer; white-space: nowrap; }
button:hover { border-color: var(--accent); color: var(--accent); }
.primary { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
.primary:hover { color: var(--on-accent); filter: brightness(1.08); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; margin: .25rem 0 0; font-size: .875rem; }
.accounts { margin-top: 1.5rem; }
dt { color: var(--quiet); }
dd { margin: 0; }
code { font: .9em ui-monospace, Menlo, Consolas, 'Liberation Mono', monospace; }
`;
