const FORMS: ReadonlyArray<readonly [RegExp, string]> = [
  [/^s(?::|%3A)[\w-]+\./i, 'A signed id of express-session or @fastify/session, not one of this package.'],
  [/^Fe26\.2\*/, 'A seal of iron-session, not one of this package.'],
  [/^ey[\w-]+\.[\w-]+\.[\w-]*(?:\.[\w-]*\.[\w-]*)?$/, 'A JSON Web Token, not a session of this package.'],
  [/^ey[\w-]+={0,2}$/, 'A JSON text in base64, as cookie-session writes it, not a session of this package.'],
  [/(?:^|&)\w+=%23/, "A value of Ktor's serializer. Explain it with its transformers; see docs/ktor.md."],
];

export function foreignForm(value: string): string | undefined {
  if (value === '') return 'Empty: the cookie was cleared.';
  return FORMS.find(([form]) => form.test(value))?.[1];
}
