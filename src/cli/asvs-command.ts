import { parseArgs } from 'node:util';
import { asvsLines } from './asvs.js';
import { CliFailure } from './cli-failure.js';
import { ASVS_USAGE } from './usages.js';
import { summaryOf, type SessionSummary } from './session-summary.js';
import { startModule } from './start-module.js';
import { textTable } from './text-table.js';

export async function asvsCommand(args: readonly string[]): Promise<string> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { json: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  const [file] = positionals;
  if (file === undefined) throw new CliFailure(ASVS_USAGE);
  const started = await startModule(file);
  try {
    const facts = started.sessions.map(summaryOf);
    return values.json ? JSON.stringify(asvsLines(facts), null, 2) : asvsText(facts);
  } finally {
    await started.close();
  }
}

function asvsText(facts: readonly SessionSummary[]): string {
  const rows = asvsLines(facts).map(({ id, level, status, requirement, reason }) => [
    id,
    `L${level}`,
    status,
    `${requirement}. ${reason}`,
  ]);
  return `OWASP ASVS 5.0, chapter V7\n\n${textTable([['', '', 'status', 'requirement'], ...rows])}`;
}
