import type { OwnedSession } from 'nestjs-sessions';
import type { AuthSession } from './auth-session.js';
import type { User } from './users.service.js';
import { html, type Html } from '../shared/html.js';

export interface AccountPage {
  readonly name: string;
  readonly devices: ReadonlyArray<OwnedSession<AuthSession>>;
  readonly thisHandle: string | undefined;
  /** The user who acts for the owner of the account. */
  readonly acting: { readonly name: string; readonly until: Date; readonly reason: string } | undefined;
  /** The users for whom the visitor may act. */
  readonly others: readonly User[];
}

export function loginPage(failed: boolean): Html {
  return layout(
    'Sign in',
    html`<section class="narrow">
      <form method="post" action="/login" class="login">
        ${failed ? html`<p class="failed" role="alert">That name and password do not belong together.</p>` : undefined}
        <label>Name <input name="login" autocomplete="username" required /></label>
        <label>Password <input name="password" type="password" autocomplete="current-password" required /></label>
        <label class="check"><input name="remember" type="checkbox" /> Keep me signed in on this device</label>
        <button class="primary">Sign in</button>
      </form>
      <p class="quiet accounts">Two accounts to try:</p>
      <dl>
        <dt>ada</dt>
        <dd><code>analytical-engine</code></dd>
        <dt>grace</dt>
        <dd><code>first-compiler</code> (support)</dd>
      </dl>
    </section>`,
  );
}

export function confirmPage(name: string, failed: boolean): Html {
  return layout(
    "Confirm it's you",
    html`<section class="narrow">
      <form method="post" action="/confirm" class="login">
        <p>Your recovery codes are shown only after your password, ${name}.</p>
        ${failed ? html`<p class="failed" role="alert">That is not your password.</p>` : undefined}
        <label
          >Password <input name="password" type="password" autocomplete="current-password" required autofocus
        /></label>
        <button class="primary">Confirm</button>
      </form>
      <p class="quiet accounts"><a href="/account">Back to your account</a></p>
    </section>`,
  );
}

export function codesPage(codes: readonly string[]): Html {
  return layout(
    'Recovery codes',
    html`<section class="narrow">
      <p>Each of them would sign you in once, should you forget your password. This sample only shows them.</p>
      <ul>
        ${codes.map((code) => html`<li><code>${code}</code></li>`)}
      </ul>
      <a href="/account">Back to your account</a>
    </section>`,
  );
}

export function accountPage({ name, devices, thisHandle, acting, others }: AccountPage): Html {
  if (acting) return actingPage(name, devices, acting);
  return layout(
    `Hello, ${name}`,
    html`${COUNTDOWN_NOTICE}
      <section>
        <h2>Signed in on ${devices.length === 1 ? 'this device' : `${devices.length} devices`}</h2>
        <ul>
          ${devices.map((device) => deviceLine(device, device.handle === thisHandle))}
        </ul>
        <div class="row">
          ${devices.length > 1 ? button('/devices/sign-out-others', 'Sign out the others') : undefined}
          ${button('/devices/sign-out-everywhere', 'Sign out everywhere')}
        </div>
      </section>
      <section>
        <h2>Recovery codes</h2>
        <p class="line">
          <span>Shown for five minutes after you gave your password.</span>
          <a href="/recovery-codes">Show them</a>
        </p>
      </section>
      ${others.map(actingForm)}`,
  );
}

const COUNTDOWN_NOTICE = html`<div id="countdown" class="notice" role="status" hidden>
    <span></span> <button type="button">Stay signed in</button>
  </div>
  <script src="/countdown.js" defer></script>`;

function actingForm({ id, name }: User): Html {
  return html`<section>
    <h2>Support</h2>
    <form method="post" action="/act-as" class="line">
      <input type="hidden" name="user" value="${id}" />
      <label>Reason <input name="reason" placeholder="Ticket 4711" maxlength="80" required /></label>
      <button>Act for ${name}</button>
    </form>
  </section>`;
}

function actingPage(
  name: string,
  devices: AccountPage['devices'],
  { name: actor, until, reason }: NonNullable<AccountPage['acting']>,
): Html {
  const minutes = Math.max(1, Math.ceil((until.getTime() - Date.now()) / 60_000));
  return layout(
    `The account of ${name}`,
    html`<div class="notice" role="status">
        <span
          >${actor}, you act for ${name} (${reason}), for ${minutes} more ${minutes === 1 ? 'minute' : 'minutes'}.</span
        >
        ${button('/stop-acting', `Back to ${actor}`)}
      </div>
      ${COUNTDOWN_NOTICE}
      <section>
        <h2>${name} is signed in on</h2>
        <ul>
          ${devices.map((device) => deviceLine(device, false, false))}
        </ul>
        ${devices.length === 0 ? html`<p class="quiet">No device.</p>` : undefined}
      </section>`,
  );
}

function deviceLine(
  { handle, createdAt, renewedAt, session }: OwnedSession<AuthSession>,
  isThis: boolean,
  isOwn = true,
): Html {
  const field = html`<input type="hidden" name="handle" value="${handle}" />`;
  return html`<li>
    <div>
      <p class="device">
        <span>${session.device}</span>${isThis ? html`<span class="badge">this device</span>` : undefined}
      </p>
      <p class="quiet">Signed in ${ago(createdAt)}, last used ${ago(renewedAt)}</p>
    </div>
    ${isThis ? button('/logout', 'Sign out') : isOwn ? button('/devices/sign-out', 'Sign out', field) : undefined}
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
