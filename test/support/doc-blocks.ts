import { readFileSync } from 'node:fs';
import ts from 'typescript';

/** The exports of a block, by name. */
export type Exported = Readonly<Record<string, any>>;

const compilerOptions: ts.CompilerOptions = {
  module: ts.ModuleKind.CommonJS,
  target: ts.ScriptTarget.ES2022,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
};

/** The code of the ```ts blocks of a page, in order. */
export function blocksOf(page: string): readonly string[] {
  return [...readFileSync(page, 'utf8').matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match) => match[1]!);
}

/**
 * Runs code of a page as a module.
 * @param given modules that replace what the code imports by these names
 * @param globals values of the names that the code only declares
 */
export async function runBlock(code: string, given: Exported = {}, globals: Exported = {}): Promise<Exported> {
  const { outputText } = ts.transpileModule(code, { compilerOptions });
  const modules = new Map<string, unknown>();
  for (const [, name] of outputText.matchAll(/require\("([^"]+)"\)/g)) {
    modules.set(name!, given[name!] ?? (await import(name!)));
  }
  const exported: Record<string, unknown> = {};
  const names = ['require', 'exports', ...Object.keys(globals)];
  const values = [(name: string) => modules.get(name), exported, ...Object.values(globals)];
  // Declared classes are global; blocks of other pages may use the same name.
  (globalThis as unknown as Record<symbol, Set<unknown> | undefined>)[Symbol.for('nestjs-sessions:declared')]?.clear();
  // eslint-disable-next-line @typescript-eslint/no-implied-eval
  new Function(...names, outputText)(...values);
  return exported;
}

/** Runs the ts block of a page with this index, from 0. */
export function runDoc(page: string, index = 0, given: Exported = {}, globals: Exported = {}): Promise<Exported> {
  return runBlock(blocksOf(page)[index]!, given, globals);
}
