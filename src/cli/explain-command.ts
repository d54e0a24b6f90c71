import { parseArgs } from 'node:util';
import type { BuiltSession } from '../config/session-provider.builder.js';
import { SessionProviderBuilder } from '../config/session-provider.builder.js';
import type { SessionStorage } from '../storage/session-storage.js';
import { isStorage } from '../storage/option-checks.js';
import { CliFailure } from './cli-failure.js';
import { EXPLAIN_USAGE } from './usages.js';
import { explainId } from './explain-id.js';
import { explainSealed, looksSealed } from './explain-sealed.js';
import { loadFile } from './load-file.js';
import type { StartedModule } from './start-module.js';

export async function explainCommand(args: readonly string[], readInput: () => Promise<string>): Promise<string> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: {
      name: { type: 'string' },
      key: { type: 'string', multiple: true },
      'env-file': { type: 'string' },
      'key-env': { type: 'string', default: 'SESSION_KEY' },
      transport: { type: 'string', default: 'cookie' },
      storage: { type: 'string' },
      module: { type: 'string' },
      show: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  if (positionals.length === 0) throw new CliFailure(EXPLAIN_USAGE);
  if (values['env-file'] !== undefined) process.loadEnvFile(values['env-file']);
  const given = positionals[0] === '-' ? await readInput() : positionals.join(' ');
  const started = values.module === undefined ? undefined : await startedModule(values.module);
  try {
    const storage = values.storage === undefined ? undefined : await storageIn(values.storage);
    const keys = values.key ?? [process.env[values['key-env']]].filter((key) => key !== undefined);
    const parts = pairsOf(given, values.name).map(({ name, value }) =>
      explain({
        name,
        value,
        keys,
        transport: values.transport,
        show: values.show,
        storage,
        sessions: started?.sessions ?? [],
      }),
    );
    return (await Promise.all(parts)).join('\n\n');
  } finally {
    await started?.close();
  }
}

async function startedModule(file: string): Promise<StartedModule> {
  const { startModule } = await import('./start-module.js');
  return startModule(file);
}

interface Question {
  readonly name: string | undefined;
  readonly value: string;
  readonly keys: readonly string[];
  readonly transport: string;
  readonly storage: SessionStorage | undefined;
  readonly sessions: readonly BuiltSession[];
  readonly show: boolean;
}

async function explain(question: Question): Promise<string> {
  const { name, value, keys, transport, storage, sessions, show } = question;
  const head = `${name ?? 'value'}: ${value.length} characters`;
  const foreign = foreignForm(value);
  if (foreign !== undefined) return `${head}\n  ${foreign}`;
  const built = sessions.find(({ provider }) => isNamed(provider.name, name));
  const lines = looksSealed(value)
    ? explainSealed({ names: built ? [built.provider.name] : namesOf(name), value, keys, transport, built, show })
    : await explainId({ value, name: built?.provider.name ?? withoutPrefix(name), storage, built, show });
  return [head, ...lines.map((line) => `  ${line}`)].join('\n');
}

function isNamed(session: string, name: string | undefined): boolean {
  return name !== undefined && (session.toLowerCase() === name.toLowerCase() || session === withoutPrefix(name));
}

function namesOf(name: string | undefined): string[] {
  return name === undefined ? [] : [...new Set([withoutPrefix(name)!, name])];
}

function withoutPrefix(name: string | undefined): string | undefined {
  return name?.replace(/^__(?:Host-Http|Host|Secure|Http)-/, '');
}

function pairsOf(given: string, name: string | undefined): Array<{ name: string | undefined; value: string }> {
  const text = given.trim().replace(/^(?:set-)?cookie:\s*/i, '');
  const attributes = /^(?:path|domain|max-age|expires|samesite|secure|httponly|partitioned|priority)\b/i;
  const pairs = text
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '' && !attributes.test(pair))
    .map((pair) => {
      const equals = pair.indexOf('=');
      return equals > 0 ? { name: pair.slice(0, equals), value: pair.slice(equals + 1) } : { name, value: pair };
    });
  const chosen = name === undefined ? pairs : pairs.filter((pair) => withoutPrefix(pair.name) === withoutPrefix(name));
  if (chosen.length === 0)
    throw new CliFailure(name === undefined ? 'There is no value.' : `There is no cookie "${name}".`);
  return chosen;
}

async function storageIn(file: string): Promise<SessionStorage> {
  for (const exported of Object.values(await loadFile(file))) {
    const candidate: unknown = await exported;
    if (!isStorage(candidate)) continue;
    // Adds the application's deadline.
    const type = class Explained {};
    const builder = new SessionProviderBuilder({ storage: candidate });
    builder.build({ type, name: 'explained', tracker: 'by-id' });
    return builder.storages[0]!;
  }
  throw new CliFailure(
    `${file} exports no SessionStorage. Export one: export const storage = new SessionStorageRedis(…).`,
  );
}

const FORMS: ReadonlyArray<readonly [RegExp, string]> = [
  [/^s(?::|%3A)[\w-]+\./i, 'A signed id of express-session or @fastify/session, not one of this package.'],
  [/^Fe26\.2\*/, 'A seal of iron-session, not one of this package.'],
  [/^ey[\w-]+\.[\w-]+\.[\w-]*(?:\.[\w-]*\.[\w-]*)?$/, 'A JSON Web Token, not a session of this package.'],
  [/^ey[\w-]+={0,2}$/, 'A JSON text in base64, as cookie-session writes it, not a session of this package.'],
  [/(?:^|&)\w+=%23/, "A value of Ktor's serializer. Explain it with its transformers; see docs/ktor.md."],
];

function foreignForm(value: string): string | undefined {
  if (value === '') return 'Empty: the cookie was cleared.';
  return FORMS.find(([form]) => form.test(value))?.[1];
}
