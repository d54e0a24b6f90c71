// The closing table, in Markdown.

const COLUMNS = [
  ['Storage', ({ storage }) => storage],
  ['Fault', ({ fault }) => fault],
  ['Seconds', ({ seconds }) => seconds],
  ['Faults', ({ injected }) => injected],
  ['Operations', ({ counts }) => counts.operations],
  ['503', ({ counts }) => counts.unavailable],
  ['No answer', ({ counts }) => counts.unanswered],
  ['Lost', ({ counts }) => counts.lost],
  ['Revived', ({ counts }) => counts.revived],
  ['Foreign', ({ counts }) => counts.foreign],
  ['Ghosts', ({ counts }) => counts.ghosts],
  ['Recovery, ms', ({ recovery }) => recovery ?? '-'],
];

/** Whether a run broke a promise. */
export function isBroken({ counts }) {
  return counts.lost + counts.revived + counts.foreign + counts.ghosts > 0;
}

export function markdownTable(results) {
  const rows = results.map((result) => COLUMNS.map(([, cell]) => cellText(cell(result))));
  const names = COLUMNS.map(([name]) => name);
  const widths = names.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column].length)));
  const line = (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  return [line(names), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

function cellText(value) {
  return typeof value === 'number' ? value.toLocaleString('en-US') : String(value);
}
