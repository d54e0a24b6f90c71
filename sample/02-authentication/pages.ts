import type { OwnedSession } from 'nestjs-sessions';
import type { AuthSession } from './auth-session.js';
import { html, type Html } from '../shared/html.js';

export interface AccountPage {
  readonly name: string;
  readonly devices: ReadonlyArray<OwnedSession<AuthSession>>;
  readonly thisHandle: string | undefined;
}

export function loginPage(failed: boolean): Html {
  return layout(
    'Sign in',
    html`<section class="narrow">
      <form method="post" action="/login" class="login">
        ${failed ? html`<p class="failed" role="alert">That name and password do not belong together.</p>` : undefined}
        <label>Name <input name="login" autocomplete="username" required /></label>
        <label>Password <input name="password" type="password" autocomplete="current-password" required /></label>
        <button class="primary">Sign in</button>
      </form>
      <p class="quiet accounts">Two accounts to try:</p>
      <dl>
        <dt>ada</dt>
        <dd><code>analytical-engine</code></dd>
        <dt>grace</dt>
        <dd><code>first-compiler</code></dd>
      </dl>
    </section>`,
  );
}

export function accountPage({ name, devices, thisHandle }: AccountPage): Html {
  return layout(
    `Hello, ${name}`,
    html`<section>
      <h2>Signed in on ${devices.length === 1 ? 'this device' : `${devices.length} devices`}</h2>
      <ul>
        ${devices.map((device) => deviceLine(device, device.handle === thisHandle))}
      </ul>
      <div class="row">
        ${devices.length > 1 ? button('/devices/sign-out-others', 'Sign out the others') : undefined}
        ${button('/devices/sign-out-everywhere', 'Sign out everywhere')}
      </div>
    </section>`,
  );
}

function deviceLine({ handle, createdAt, renewedAt, session }: OwnedSession<AuthSession>, isThis: boolean): Html {
  const field = html`<input type="hidden" name="handle" value="${handle}" />`;
  return html`<li>
    <div>
      <p class="device">
        <span>${session.device}</span>${isThis ? html`<span class="badge">this device</span>` : undefined}
      </p>
      <p class="quiet">Signed in ${ago(createdAt)}, seen ${ago(renewedAt)}</p>
    </div>
    ${isThis ? button('/logout', 'Sign out') : button('/devices/sign-out', 'Sign out', field)}
  </li>`;
}

function button(action: string, text: string, field?: Html): Html {
  return html`<form method="post" action="${action}">${field}<button>${text}</button></form>`;
}

function ago(date: Date): string {
  const minutes = Math.floor((Date.now() - date.getTime()) / 60_000);
  if (minutes < 1) return 'just now';
  return minutes < 60 ? `${minutes} min ago` : `${Math.floor(minutes / 60)} h ago`;
}

function layout(title: string, content: Html): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <link rel="stylesheet" href="/style.css" />
        <link rel="icon" href="data:," />
      </head>
      <body>
        <h1>${title}</h1>
        <main>${content}</main>
      </body>
    </html>`;
}
