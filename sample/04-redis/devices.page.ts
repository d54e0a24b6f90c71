import type { OwnedSession } from 'nestjs-sessions';
import type { DeviceSession } from './device-session.js';
import { html, type Html } from '../shared/html.js';

export interface DevicesPage {
  readonly user: string;
  readonly devices: ReadonlyArray<OwnedSession<DeviceSession>>;
  readonly thisHandle: string | undefined;
}

export function signInPage(): Html {
  return layout(
    'Sign in',
    html`<form method="post" action="/sign-in">
      <p>
        <label>Name <input name="user" autocomplete="username" required /></label>
      </p>
      <p>
        <label>This device <input name="device" placeholder="Laptop" /></label>
      </p>
      <p><button>Sign in</button></p>
    </form>`,
  );
}

export function devicesPage({ user, devices, thisHandle }: DevicesPage): Html {
  return layout(
    `Hello, ${user}`,
    html`<ul>
        ${devices.map((device) => deviceLine(device, device.handle === thisHandle))}
      </ul>
      <form method="post" action="/sign-out-everywhere"><button>Sign out everywhere</button></form>`,
  );
}

function deviceLine({ handle, createdAt, session }: OwnedSession<DeviceSession>, isThis: boolean): Html {
  return html`<li>
    <form method="post" action="/sign-out">
      <b>${session.device}</b>${isThis ? ' (this device)' : ''}, since ${createdAt.toISOString().slice(11, 16)} UTC
      <input type="hidden" name="handle" value="${handle}" />
      <button>Sign out</button>
    </form>
  </li>`;
}

function layout(title: string, content: Html): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <link rel="icon" href="data:," />
      </head>
      <body>
        <h1>${title}</h1>
        <main>${content}</main>
        <footer><p>Answered by process ${process.pid}</p></footer>
      </body>
    </html>`;
}
