'use strict';

const { randomBytes } = require('node:crypto');
const { version } = require('../../package.json');
const { withEnvFile, withSessionsModule } = require('./app-module.js');
const { e2eTest, sessionClass, sessionsOptions } = require('./files.js');
const { STORAGES } = require('./storages.js');

/**
 * `nest add nestjs-sessions`: adds the module, a session class, a key in .env and an e2e test. Existing parts are not
 * changed.
 */
exports.nestAdd = (options) => (tree, context) => {
  const { storage = 'memory', platform = 'express', sourceRoot = 'src', skipInstall = false } = options;
  const moduleFile = `${sourceRoot}/app.module.ts`;
  if (!tree.exists(moduleFile)) {
    throw new Error(`There is no ${moduleFile}. Run nest add in the folder of an application, or pass --source-root.`);
  }
  const manifest = JSON.parse(tree.readText('package.json'));
  // ES modules import ./app.controller.js; CommonJS may omit the ending.
  const suffix = /from '\.{1,2}\/[^']*\.js'/.test(tree.readText(moduleFile)) || manifest.type === 'module' ? '.js' : '';

  create(tree, `${sourceRoot}/user-session.ts`, sessionClass(storage));
  create(tree, `${sourceRoot}/sessions.options.ts`, sessionsOptions(storage, suffix));
  change(tree, moduleFile, (text) => withSessionsModule(text, suffix));
  const loadsEnv = Boolean(manifest.dependencies?.['@nestjs/config'] ?? manifest.dependencies?.dotenv);
  if (!loadsEnv) change(tree, `${sourceRoot}/main.ts`, withEnvFile);

  change(tree, '.env', (text) => withKey(text), '');
  for (const name of ['.env', STORAGES[storage].ignored]) {
    if (name) change(tree, '.gitignore', (text) => withLine(text, name), '');
  }
  const testFolder = `${sourceRoot.replace(/(?:^|\/)src$/, '')}/test`.replace(/^\//, '');
  const source = sourceRoot.startsWith('src') ? `../${sourceRoot}` : '../src';
  const vitest = Boolean(manifest.devDependencies?.vitest);
  create(tree, `${testFolder}/sessions.e2e-spec.ts`, e2eTest({ platform, suffix, source, vitest }));

  const isChanged = addPackages(tree, manifest, { storage, platform });
  if (isChanged && !skipInstall) context.addTask(installation(tree));
  return tree;
};

function create(tree, path, text) {
  if (!tree.exists(path)) tree.create(path, text);
}

function change(tree, path, edit, otherwise) {
  if (!tree.exists(path)) {
    if (otherwise === undefined) return;
    tree.create(path, edit(otherwise));
    return;
  }
  const before = tree.readText(path);
  const after = edit(before);
  if (after !== before) tree.overwrite(path, after);
}

function withKey(text) {
  if (/^\s*(?:export\s+)?SESSION_KEY\s*=/m.test(text)) return text;
  return `${ended(text)}SESSION_KEY=${randomBytes(32).toString('base64url')}\n`;
}

function withLine(text, line) {
  return text.split(/\r?\n/).some((present) => present.trim().replace(/^\//, '') === line)
    ? text
    : `${ended(text)}${line}\n`;
}

function ended(text) {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}

function addPackages(tree, manifest, { storage, platform }) {
  const { packages, devPackages = {} } = STORAGES[storage];
  const nest = manifest.dependencies?.['@nestjs/core'];
  const adapter = platform === 'fastify' && nest ? { '@nestjs/platform-fastify': nest } : {};
  const wanted = {
    dependencies: { 'nestjs-sessions': `^${version}`, 'class-transformer': '^0.5.1', ...adapter, ...packages },
    devDependencies: devPackages,
  };
  let isChanged = false;
  for (const [kind, names] of Object.entries(wanted)) {
    for (const [name, range] of Object.entries(names)) {
      if (manifest.dependencies?.[name] ?? manifest.devDependencies?.[name]) continue;
      manifest[kind] = Object.fromEntries(
        Object.entries({ ...manifest[kind], [name]: range }).sort(([left], [right]) => (left < right ? -1 : 1)),
      );
      isChanged = true;
    }
  }
  if (isChanged) tree.overwrite('package.json', `${JSON.stringify(manifest, null, 2)}\n`);
  return isChanged;
}

/** Like NodePackageInstallTask, without importing its package. */
function installation(tree) {
  const packageManager = tree.exists('pnpm-lock.yaml') ? 'pnpm' : tree.exists('yarn.lock') ? 'yarn' : 'npm';
  return {
    toConfiguration: () => ({
      name: 'node-package',
      options: { command: 'install', quiet: true, packageManager, hideOutput: false },
    }),
  };
}
