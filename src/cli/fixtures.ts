import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ownerOf } from '../config/session-definition.js';
import type { BuiltSession } from '../config/session-provider.builder.js';
import { openEnvelope } from '../tracker/session-envelope.js';
import { CliFailure } from './cli-failure.js';

interface FixtureReport {
  readonly lines: readonly string[];
  readonly lossy: boolean;
}

export function checkFixtures(folder: string, sessions: readonly BuiltSession[]): FixtureReport {
  if (!existsSync(folder)) throw new CliFailure(`Folder ${folder} does not exist.`);
  const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
  if (files.length === 0) throw new CliFailure(`${folder} has no .json file. Name each <session>.<anything>.json.`);
  const reports = files.sort().map((file) => {
    const built = sessions.filter(
      ({ provider }) => file === `${provider.name}.json` || file.startsWith(`${provider.name}.`),
    );
    // One name may start with another.
    const owner = built.sort((left, right) => right.provider.name.length - left.provider.name.length)[0];
    if (!owner?.declared)
      return { file, problems: ['matches no declared session. Name it <session>.<anything>.json.'] };
    return { file, problems: problemsOf(readFileSync(join(folder, file), 'utf8').trim(), owner) };
  });
  return {
    lines: reports.flatMap(({ file, problems }) =>
      problems.length === 0 ? [`${file}: nothing is lost`] : problems.map((problem) => `${file}: ${problem}`),
    ),
    lossy: reports.some(({ problems }) => problems.length > 0),
  };
}

function problemsOf(saved: string, { provider, declared }: BuiltSession): string[] {
  const text = contentOf(saved, provider.name);
  let before: unknown;
  try {
    before = JSON.parse(text);
  } catch {
    return ['is not JSON. Save the output of the serializer.'];
  }
  let session: object;
  try {
    session = declared!.serializer.deserialize(text);
  } catch {
    return [`cannot be read as ${provider.type.name}: visitors with such a session would lose it.`];
  }
  const after: unknown = JSON.parse(declared!.serializer.serialize(session));
  const lost = lostPaths(before, after, '').map((path) => `loses ${path}`);
  const unread = unknownPaths(session, before, ownerOf(provider.type), '').map(
    (path) => `loses ${path}: it is kept, but the class has no such field`,
  );
  return [...lost, ...unread];
}

/** Requires class fields (ES2022) to find fields without an initial value. */
function unknownPaths(value: unknown, saved: unknown, owner: string | undefined, path: string): string[] {
  if (Array.isArray(value)) {
    return value.flatMap((item, index) =>
      unknownPaths(item, (saved as unknown[])[index], undefined, `${path}[${index}]`),
    );
  }
  if (typeof value !== 'object' || value === null || typeof saved !== 'object' || saved === null) return [];
  const fresh = freshLike(value);
  return Object.entries(value).flatMap(([key, inner]) => {
    const inside = path === '' ? key : `${path}.${key}`;
    const isUnknown = fresh !== undefined && key in saved && !(key in fresh) && key !== owner;
    return isUnknown ? [inside] : unknownPaths(inner, (saved as Record<string, unknown>)[key], undefined, inside);
  });
}

function freshLike(value: object): object | undefined {
  const { constructor } = value as { constructor: new () => object };
  if (constructor === Object || typeof constructor !== 'function') return undefined;
  try {
    return new constructor();
  } catch {
    return undefined;
  }
}

function contentOf(saved: string, name: string): string {
  const envelope = saved.startsWith('{') || saved.startsWith('[') ? undefined : openEnvelope(saved, name);
  return envelope ? envelope.text.slice(envelope.text.indexOf('.') + 1) : saved;
}

function lostPaths(before: unknown, after: unknown, path: string): string[] {
  if (kindOf(before) !== kindOf(after)) return [path === '' ? 'everything' : path];
  if (Array.isArray(before)) {
    return before.flatMap((item, index) => lostPaths(item, (after as unknown[])[index], `${path}[${index}]`));
  }
  if (typeof before === 'object' && before !== null) {
    return Object.entries(before).flatMap(([key, value]) =>
      lostPaths(value, (after as Record<string, unknown>)[key], path === '' ? key : `${path}.${key}`),
    );
  }
  return before === after ? [] : [`${path} (the value changes)`];
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}
