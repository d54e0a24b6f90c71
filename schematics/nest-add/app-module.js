'use strict';

/** The TypeScript of the application. */
function compiler() {
  try {
    return require('typescript');
  } catch {
    throw new Error('nest add nestjs-sessions needs the package typescript in the project.');
  }
}

/** The `imports` of the first @Module in a source, and the object of that property. */
function moduleArgument(ts, source) {
  let found;
  const visit = (node) => {
    if (
      ts.isDecorator(node) &&
      ts.isCallExpression(node.expression) &&
      node.expression.expression.getText(source) === 'Module'
    ) {
      found ??= node.expression;
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/**
 * Adds SessionsModule to the imports of a root module. @returns the new text; the same text if the import exists.
 */
exports.withSessionsModule = (text, suffix) => {
  if (/\bSessionsModule\b/.test(text)) return text;
  const ts = compiler();
  const source = ts.createSourceFile('app.module.ts', text, ts.ScriptTarget.Latest, true);
  const call = moduleArgument(ts, source);
  if (!call) throw new Error('app.module.ts has no @Module({ … }). Add SessionsModule.forRootAsync yourself.');
  const entry = 'SessionsModule.forRootAsync({ useFactory: sessionsOptions })';
  const insertion = insertionOf(ts, source, call, entry);
  const lastImport = source.statements.filter((statement) => ts.isImportDeclaration(statement)).at(-1);
  const imports =
    "\nimport { SessionsModule } from 'nestjs-sessions';" +
    `\nimport { sessionsOptions } from './sessions.options${suffix}';`;
  const at = lastImport ? lastImport.end : 0;
  const withEntry = text.slice(0, insertion.at) + insertion.text + text.slice(insertion.at);
  return at === 0 ? `${imports.slice(1)}\n${withEntry}` : withEntry.slice(0, at) + imports + withEntry.slice(at);
};

function insertionOf(ts, source, call, entry) {
  const [argument] = call.arguments;
  if (!argument) return { at: call.end - 1, text: `{ imports: [${entry}] }` };
  if (!ts.isObjectLiteralExpression(argument)) {
    throw new Error('The argument of @Module is no object literal. Add SessionsModule.forRootAsync yourself.');
  }
  const imports = argument.properties.find((property) => property.name?.getText(source) === 'imports');
  if (!imports) return { at: argument.getStart(source) + 1, text: `\n  imports: [${entry}],` };
  if (!ts.isPropertyAssignment(imports) || !ts.isArrayLiteralExpression(imports.initializer)) {
    throw new Error('imports of the root module is no list. Add SessionsModule.forRootAsync yourself.');
  }
  const { elements } = imports.initializer;
  const at = imports.initializer.getStart(source) + 1;
  return { at, text: elements.length === 0 ? entry : `${entry}, ` };
}

/** Adds a line to a main file that loads .env before the application is created. */
exports.withEnvFile = (text) => {
  if (/loadEnvFile|dotenv/.test(text)) return text;
  const ts = compiler();
  const source = ts.createSourceFile('main.ts', text, ts.ScriptTarget.Latest, true);
  const lastImport = source.statements.filter((statement) => ts.isImportDeclaration(statement)).at(-1);
  if (!lastImport) return text;
  const at = lastImport.end;
  return (
    "import { existsSync } from 'node:fs';\n" +
    text.slice(0, at) +
    "\n\n// SESSION_KEY, among others. In production the environment has it.\nif (existsSync('.env')) process.loadEnvFile('.env');" +
    text.slice(at)
  );
};
