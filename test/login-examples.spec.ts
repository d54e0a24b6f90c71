import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SessionsModule } from 'nestjs-sessions';
import { ask } from './support/client.js';
import { runBlock } from './support/doc-blocks.js';
import { platforms, startApp, type ControllerClass } from './support/platforms.js';

const LOGIN = /@(Get|Post)\('(login|sign-in)'\)\n(?:\s*@\w+\(.*\)\n)*\s*(?:async )?\w+\(\s*@/;

interface Example {
  readonly place: string;
  readonly code: string;
  readonly method: string;
  readonly path: string;
}

/** The blocks of README.md and docs/ that have a login: a handler of that name that takes a user. */
function examples(): readonly Example[] {
  const files = ['README.md', ...readdirSync('docs').map((name) => join('docs', name))].filter((name) =>
    name.endsWith('.md'),
  );
  return files.flatMap((file) => {
    const text = readFileSync(file, 'utf8');
    return [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].flatMap((block) => {
      const login = LOGIN.exec(block[1]!);
      // What belongs to several files runs in a test of its own; what calls a declared function cannot run.
      if (!login || /from '\.\/|^declare /m.test(block[1]!)) return [];
      const line = text.slice(0, block.index).split('\n').length;
      return [{ place: `${file}:${line}`, code: block[1]!, method: login[1]!.toUpperCase(), path: login[2]! }];
    });
  });
}

/** Runs a block. @returns the controllers that it exports, and the paths that they answer to GET. */
async function run(code: string): Promise<{ controllers: ControllerClass[]; paths: string[] }> {
  const controllers = Object.values(await runBlock(code)).filter(
    (one): one is ControllerClass => typeof one === 'function' && Reflect.hasMetadata('__controller__', one),
  );
  return { controllers, paths: [...code.matchAll(/@Get\('([^']*)'\)/g)].map((match) => match[1]!) };
}

describe('the login examples of README.md and docs/', () => {
  it('are found', () => {
    const files = new Set(examples().map(({ place }) => place.split(':')[0]));
    expect(files).toEqual(new Set(['README.md', 'docs/ktor.md', 'docs/lifetimes.md', 'docs/sign-in.md']));
  });

  it('mark the owner, and use the verb', () => {
    for (const { code } of examples()) {
      expect(code).toContain('@SessionOwner()');
      expect(code).toContain('sessions.login(');
    }
  });
});

describe.each(examples())('the login example in $place', ({ code, method, path }) => {
  it.each(platforms)('makes a planted cookie worthless on $name', async (platform) => {
    const { controllers, paths } = await run(code);
    const app = await startApp(platform, { imports: [SessionsModule.forRoot()], controllers });
    try {
      const login = async (user: string, cookie?: string): Promise<string> => {
        const answer = await ask(`${app.url}/${path}?user=${user}`, {
          method,
          cookie,
          headers: { 'content-type': 'application/json' },
          ...(method === 'POST' ? { body: JSON.stringify({ user, password: 'correct horse' }) } : {}),
        });
        expect(answer.status).toBeLessThan(400);
        return answer.setCookies[0]!.split(';')[0]!;
      };
      const pages = async (cookie: string): Promise<string> => {
        const open = paths.filter((one) => one !== path && one !== 'logout');
        const answers = await Promise.all(open.map((one) => ask(`${app.url}/${one}`, { cookie })));
        return answers.map(({ text }) => text).join();
      };
      const planted = await login('eve');
      expect(await pages(planted)).toContain('eve');
      const cookie = await login('ann', planted);
      expect(cookie).not.toBe(planted);
      expect(await pages(cookie)).toContain('ann');
      expect(await pages(cookie)).not.toContain('eve');
      expect(await pages(planted)).not.toContain('ann');
    } finally {
      await app.close();
    }
  });
});
