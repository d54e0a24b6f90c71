import { applyDecorators, Header } from '@nestjs/common';

/** Trusted HTML. Other values of a template are escaped. */
export class Html {
  constructor(readonly text: string) {}
}

export type Content = Html | string | number | undefined | readonly Content[];

/** A template whose values are escaped: html`<p>${name}</p>`. */
export function html(strings: TemplateStringsArray, ...contents: readonly Content[]): Html {
  return new Html(strings.map((text, index) => (index === 0 ? text : render(contents[index - 1]) + text)).join(''));
}

/** A handler that sends a page. Its CSP refuses scripts, except own files by option. */
export function HtmlPage({ scripts = false }: { readonly scripts?: boolean } = {}): MethodDecorator {
  return applyDecorators(
    Header('Content-Type', 'text/html; charset=utf-8'),
    Header(
      'Content-Security-Policy',
      `default-src 'none'; style-src 'self'; ${scripts ? "script-src 'self'; connect-src 'self'; " : ''}img-src data:; ` +
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
  );
}

function render(content: Content): string {
  if (content === undefined) return '';
  if (content instanceof Html) return content.text;
  if (typeof content === 'string') return escape(content);
  return typeof content === 'number' ? String(content) : content.map(render).join('');
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
