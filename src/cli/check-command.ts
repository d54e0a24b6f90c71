import { parseArgs } from 'node:util';
import type { KeyReport } from '../keys/key-ring.js';
import { asvsLines } from './asvs.js';
import { CliFailure } from './cli-failure.js';
import { CHECK_USAGE } from './usages.js';
import { checkFixtures } from './fixtures.js';
import { duration, summaryOf, type SessionSummary } from './session-summary.js';
import { startModule } from './start-module.js';
import { textTable } from './text-table.js';

interface CommandResult {
  readonly text: string;
  readonly exitCode: number;
}

export async function checkCommand(args: readonly string[]): Promise<CommandResult> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { fixtures: { type: 'string' }, strict: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  const [file] = positionals;
  if (file === undefined) throw new CliFailure(CHECK_USAGE);
  const started = await startModule(file);
  try {
    if (values.fixtures !== undefined) {
      const { lines, lossy } = checkFixtures(values.fixtures, started.sessions);
      return { text: lines.join('\n'), exitCode: lossy ? 1 : 0 };
    }
    const facts = started.sessions.map(summaryOf);
    const parts = [
      sessionTable(facts),
      keyTable(started.runtime.report.keys),
      warningText(started.warnings),
      openLines(facts),
    ];
    return { text: parts.join('\n\n'), exitCode: values.strict && started.warnings.length > 0 ? 1 : 0 };
  } finally {
    await started.close();
  }
}

function sessionTable(facts: readonly SessionSummary[]): string {
  const rows = facts.map(({ name, type, place, transport, owner, idle, absolute }) => [
    name,
    type,
    place,
    transport,
    owner ?? '-',
    duration(idle),
    duration(absolute),
  ]);
  return textTable([['session', 'class', 'content', 'transport', 'owner', 'idle', 'absolute'], ...rows]);
}

function keyTable(keys: readonly KeyReport[]): string {
  if (keys.length === 0) return 'No session needs a key.';
  const moment = (at: number | undefined): string => (at === undefined ? '-' : new Date(at).toISOString());
  const rows = keys.map(({ id, state, from, until, lastUsedAt }) => [
    id,
    state,
    moment(from),
    moment(until),
    moment(lastUsedAt),
  ]);
  return textTable([['key', 'state', 'from', 'until', 'last used here'], ...rows]);
}

function warningText(warnings: readonly string[]): string {
  return warnings.length === 0 ? 'No warnings.' : warnings.map((warning) => `Warning: ${warning}`).join('\n');
}

function openLines(facts: readonly SessionSummary[]): string {
  const open = asvsLines(facts).filter(({ status }) => status === 'no' || status === 'by option');
  if (open.length === 0) return 'OWASP ASVS 5.0 chapter 7: the configuration has no problems. See asvs for your part.';
  return `OWASP ASVS 5.0 chapter 7:\n${textTable(open.map(({ id, status, reason }) => [id, status, reason]))}`;
}
