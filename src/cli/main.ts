#!/usr/bin/env node
import { text } from 'node:stream/consumers';
import { CliFailure } from './cli-failure.js';
import { ASVS_USAGE, CHECK_USAGE, EXPLAIN_USAGE, KEY_USAGE } from './usages.js';

const USAGES: Readonly<Record<string, string>> = {
  key: KEY_USAGE,
  explain: EXPLAIN_USAGE,
  check: CHECK_USAGE,
  asvs: ASVS_USAGE,
};

const USAGE = `nestjs-sessions <command>

  key      prints a new key, or adds one to an env file
  explain  explains a cookie or header value, and why it is refused
  check    starts an application without listening; prints sessions and warnings; reads saved sessions
  asvs     prints OWASP ASVS 5.0 chapter 7 for an application

nestjs-sessions <command> --help shows the options.`;

async function run([command = '--help', ...args]: readonly string[]): Promise<{ text: string; exitCode: number }> {
  const usage = USAGES[command];
  if (usage !== undefined && (args.includes('--help') || args.includes('-h'))) return { text: usage, exitCode: 0 };
  switch (command) {
    case 'key':
      return { text: (await import('./key-command.js')).keyCommand(args), exitCode: 0 };
    case 'explain':
      return {
        text: await (await import('./explain-command.js')).explainCommand(args, () => text(process.stdin)),
        exitCode: 0,
      };
    case 'check':
      return (await import('./check-command.js')).checkCommand(args);
    case 'asvs':
      return { text: await (await import('./asvs-command.js')).asvsCommand(args), exitCode: 0 };
    case '--help':
    case '-h':
      return { text: USAGE, exitCode: 0 };
    default:
      throw new CliFailure(`Unknown command "${command}".\n\n${USAGE}`);
  }
}

async function main(): Promise<void> {
  try {
    const result = await run(process.argv.slice(2));
    process.stdout.write(`${result.text}\n`);
    process.exitCode = result.exitCode;
  } catch (error) {
    // A misspelt option.
    const isMistake =
      error instanceof CliFailure || String((error as { code?: unknown }).code).startsWith('ERR_PARSE_ARGS');
    process.stderr.write(`${isMistake ? (error as Error).message : String((error as Error).stack ?? error)}\n`);
    process.exitCode = 1;
  }
}

void main();
