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
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 3rem 1.25rem; max-width: 62rem;
  background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif;
}
h1 { margin: 0; font-size: 1.75rem; line-height: 1.2; }
h2 { margin: 0 0 1rem; font-size: 1rem; color: var(--quiet); font-weight: 600; }
p { margin: 0; overflow-wrap: anywhere; }
header p, .quiet { color: var(--quiet); }
header p { margin-top: .4rem; }
main { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 1.25rem; margin-top: 2rem; }
section { display: flex; flex-direction: column; padding: 1.5rem; background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
.count { margin-bottom: 1.25rem; color: var(--quiet); }
.count strong { margin-right: .25rem; font-size: 3.5rem; line-height: 1; font-weight: 600; color: var(--accent); font-variant-numeric: tabular-nums; }
.row { display: flex; align-items: center; justify-content: space-between; gap: .75rem; }
ul { margin: 0; padding: 0; list-style: none; }
li { display: grid; grid-template-columns: 1fr auto 6.25rem; align-items: center; gap: .75rem; padding: .4rem 0; }
li form { display: contents; }
.lines { margin-bottom: .5rem; }
.products { margin-top: 1rem; padding-top: .6rem; border-top: 1px solid var(--line); }
.price { font-variant-numeric: tabular-nums; white-space: nowrap; }
input, button { font: inherit; color: inherit; border: 1px solid var(--line); border-radius: 8px; padding: .45rem .8rem; }
input { flex: 1; min-width: 0; background: var(--page); }
button { background: transparent; cursor: pointer; white-space: nowrap; }
button:hover { border-color: var(--accent); color: var(--accent); }
.primary { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
.primary:hover { color: var(--on-accent); filter: brightness(1.08); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; margin: auto 0 0; padding-top: 1.5rem; font-size: .875rem; }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; }
code { font: .9em ui-monospace, Menlo, Consolas, 'Liberation Mono', monospace; }
`;
