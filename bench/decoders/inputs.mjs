import {
  SessionSerializerReflection,
  SessionTransportCookie,
  SessionTransportHeader,
  SessionTransportTransformerDigest,
  SessionTransportTransformerEncrypt,
  SessionTransportTransformerMessageAuthentication,
  SessionTransportTransformerSeal,
  KeyRing,
  subPath,
} from '../lib/package-under-test.mjs';
import { KEY, KEY_BYTES } from '../lib/key.mjs';

const MEGABYTE = 1_048_576;

/** Repeats `part` between `before` and `after` to fill a megabyte. */
const filled = (before, part, after = '') =>
  before + part.repeat(Math.floor((MEGABYTE - before.length - after.length) / part.length)) + after;

/** A form pair with all escapable characters escaped, `depth` times. */
const escaped = (text, depth) => (depth === 0 ? text : escaped(encodeURIComponent(text), depth - 1));

/** Every decoder with a megabyte of its worst inputs: `[decoder, input, run]`. A refusal is a valid result. */
export async function inputs() {
  const ktor = await subPath('ktor');
  return [...formats(ktor), ...transports(ktor), ...transformers(), ...ours()];
}

function formats(ktor) {
  const { reflectionSessionSerializer, KotlinxBackwardCompatibleSessionSerializer, defaultSessionSerializer } = ktor;
  class Node {}
  const { kotlinFields, string, int, list, map, nullable, nested, set, bigInteger, bigDecimal, double } = ktor;
  kotlinFields(Node, {
    s: string(),
    i: nullable(int()),
    d: nullable(double()),
    b: nullable(bigInteger()),
    x: nullable(bigDecimal()),
    l: list(string()),
    t: set(string()),
    m: map(string(), string()),
    n: nullable(nested(() => Node)),
  });
  const reflection = reflectionSessionSerializer(Node);
  const kotlinx = new KotlinxBackwardCompatibleSessionSerializer(Node);
  const json = defaultSessionSerializer(Node);
  const rest = '&i=%23n&d=%23n&b=%23n&x=%23n&l=%23cl&t=%23cs&m=%23m&n=%23n';
  const text = (before, part, after) => filled(before, part, `${after}${rest}`);
  const form = [
    ['a long text', text('s=%23s', 'x', '')],
    ['%ff', text('s=%23s', '%ff', '')],
    ['%ff and a letter', text('s=%23s', '%ffa', '')],
    ['%C3%A9', text('s=%23s', '%C3%A9', '')],
    ['raw letters beyond ASCII', text('s=%23s', 'é', '')],
    ['+', text('s=%23s', '+', '')],
    ['spaces', text('s=%23s', ' ', 'x')],
    ['spaces around nothing', filled('', ' ')],
    ['pairs', filled('', 'a=1&')],
    ['ampersands', filled('', '&')],
    ['equals signs', filled('', '=')],
    ['one pair', filled('s=', 'x&s=')],
    ['percent signs', filled('s=', '%25')],
    ['bad escapes', filled('s=', '%zz')],
    ['a list of texts', filled('s=%23s&l=%23cl', '%23sa%26', '&i=%23n&d=%23n&b=%23n&x=%23n&t=%23cs&m=%23m&n=%23n')],
    ['a list of %ff', filled('s=%23s&l=%23cl', '%23s%25ff%26', '&i=%23n&d=%23n&b=%23n&x=%23n&t=%23cs&m=%23m&n=%23n')],
    ['a set of texts', filled('s=%23s&l=%23cl&t=%23cs', '%23sa%26', '&i=%23n&d=%23n&b=%23n&x=%23n&m=%23m&n=%23n')],
    ['a map', filled('s=%23s&m=%23m', '%23sa%3D%23sb%26', '&i=%23n&d=%23n&b=%23n&x=%23n&l=%23cl&t=%23cs&n=%23n')],
    ['separators of a list', filled('s=%23s&l=%23cl', '%26', '&i=%23n&d=%23n&b=%23n&x=%23n&t=%23cs&m=%23m&n=%23n')],
    ['digits of an Int', filled('s=%23s&i=%23i', '9', '&d=%23n&b=%23n&x=%23n&l=%23cl&t=%23cs&m=%23m&n=%23n')],
    ['digits of a Double', filled('s=%23s&d=%23f', '9', '&i=%23n&b=%23n&x=%23n&l=%23cl&t=%23cs&m=%23m&n=%23n')],
    ['digits of a BigInteger', filled('s=%23s&b=%23bi', '9', '&i=%23n&d=%23n&x=%23n&l=%23cl&t=%23cs&m=%23m&n=%23n')],
    ['digits of a BigDecimal', filled('s=%23s&x=%23bd', '9', '&i=%23n&d=%23n&b=%23n&l=%23cl&t=%23cs&m=%23m&n=%23n')],
    ['objects in objects, long', nestedForm(12, (room) => 'x'.repeat(room), rest)],
    ['objects in objects, escaped', nestedForm(12, (room) => escaped('&', 12).repeat(room / 80), rest)],
    ['objects in objects, endless', filled('n=%23%23', 'n%3D%2523%2523')],
  ];
  class Numbers {}
  kotlinFields(Numbers, { l: list(int()) });
  const numbers = defaultSessionSerializer(Numbers);
  const object = (inner, missing = '"i":null,"d":null,"b":null,"x":null,"l":[],"t":[],"m":{},"n":null') =>
    `{"s":"",${missing}${inner}}`;
  const jsonTexts = [
    ['a long text', filled('{"s":"', 'x', '"}')],
    ['escapes', filled('{"s":"', '\\u00e9', '"}')],
    ['quotes', filled('{"s":"', '\\"', '"}')],
    ['backslashes', filled('{"s":"', '\\\\', '"}')],
    ['a backslash and control characters', filled('{"s":"\\n', '\u0001', '"}')],
    ['open brackets', filled('', '[')],
    ['open braces', filled('', '{"n":')],
    ['an array of texts', filled('{"l":[', '"a",', '"a"]}')],
    ['an array of numbers', filled('{"l":[', '1,', '1]}')],
    ['a map', filled('{"m":{', '"a":"b",', '"a":"b"}}')],
    ['a map of different keys', `{"m":{${Array.from({ length: 70_000 }, (_, n) => `"k${n}":"b"`).join(',')}}}`],
    ['unknown keys', object(Array.from({ length: 70_000 }, (_, n) => `,"k${n}":"b"`).join(''))],
    ['white space', filled('', ' ')],
    ['digits', filled('{"i":', '9', '}')],
    ['a text that never ends', filled('"', 'x')],
  ];
  const reading = (serializer) => (input) => () => serializer.deserialize(input);
  return [
    ...form.map(([name, input]) => ['reflection format', name, reading(reflection)(input)]),
    ...form.map(([name, input]) => ['kotlinx text format', name, reading(kotlinx)(input)]),
    ...jsonTexts.map(([name, input]) => ['JSON', name, reading(json)(input)]),
    ['JSON', 'a list of numbers, read', reading(numbers)(filled('{"l":[', '1,', '1]}'))],
    ['JSON', 'a list of long numbers, read', reading(numbers)(filled('{"l":[', '1234567890,', '1]}'))],
  ];
}

/** A megabyte of nested objects. */
function nestedForm(depth, content, rest) {
  const make = (room) => {
    let document = `s=%23s${encodeURIComponent(content(room))}${rest}`;
    for (let level = 0; level < depth; level++) {
      document = `s=%23s${rest.replace('&n=%23n', '')}&n=%23%23${encodeURIComponent(document)}`;
    }
    return document;
  };
  let [least, most] = [0, MEGABYTE];
  while (most - least > 64) {
    const middle = (least + most) >> 1;
    if (make(middle).length > MEGABYTE) most = middle;
    else least = middle;
  }
  return make(least);
}

function transports({ KtorCookieTransport, KtorHeaderTransport }) {
  const cookies = [
    ['one value', filled('u=', 'x')],
    ['one value of %ff', filled('u=', '%ff')],
    ['one value of +', filled('u=', '+')],
    ['dense', filled('', 'a;')],
    ['dense, ours', filled('', 'u=1;')],
    ['semicolons', filled('', ';')],
    ['spaces', filled(';', ' ')],
    ['quotes', filled('u="', 'x";u="')],
    ['open quotes', filled('', 'u="x;')],
    ['names of spaces', filled('', 'a ')],
    ['$x-enc', filled('', '$x-enc=RAW;u=1;')],
  ];
  const encodings = ['uri', 'base64', 'raw', 'dquotes'];
  const call = (header) => ({ requestHeader: () => header, secure: true, setCookie() {}, setHeader() {} });
  const small = (part) => filled('', part).slice(0, 4000);
  return [
    ...cookies.flatMap(([name, header]) => [
      [`Ktor's cookie`, name, receiving(new KtorCookieTransport('u'), call(header))],
      ['our cookie', name, receiving(new SessionTransportCookie('u', {}), call(header))],
    ]),
    ...encodings.map((encoding) => [
      `Ktor's cookie, ${encoding}`,
      'hundreds of values',
      receiving(new KtorCookieTransport('u', { encoding }), call(filled('', `u=${small('YWJj')};`))),
    ]),
    ["Ktor's header", 'a long text', receiving(new KtorHeaderTransport('x'), call(filled('', 'x')))],
    ['our header', 'a long text', receiving(new SessionTransportHeader('x'), call(filled('', 'x')))],
  ];
}

const receiving = (transport, call) => () => transport.receive(call);

function transformers() {
  const encrypt = new SessionTransportTransformerEncrypt(KEY_BYTES, KEY_BYTES, { acknowledge: true });
  const both = new SessionTransportTransformerEncrypt(KEY_BYTES, KEY_BYTES, {
    acknowledge: true,
    backwardCompatibleRead: true,
  });
  const digest = new SessionTransportTransformerDigest('ktor', 'SHA-384', { acknowledge: true });
  const mac = new SessionTransportTransformerMessageAuthentication(KEY_BYTES);
  const seal = new SessionTransportTransformerSeal(new KeyRing(KEY), {
    name: 'bench',
    transport: 'cookie',
  });
  const content = 'x'.repeat(MEGABYTE / 2 - 200);
  const texts = [
    ['letters', filled('', 'x')],
    ['slashes', filled('', '/')],
    ['colons', filled('a/', ':')],
    ['hex', filled(`${'00'.repeat(16)}/`, '0f', `:${'0f'.repeat(32)}`)],
    ['hex behind the slash', filled('a/', '0f')],
    ['letters beyond ASCII', filled('', 'é')],
    ['half surrogate pairs', filled('', '\ud800')],
  ];
  return [
    ['Encrypt', encrypt],
    ['Encrypt, both layouts', both],
    ['Digest', digest],
    ['MessageAuthentication', mac],
    ['seal', seal],
  ].flatMap(([name, transformer]) => {
    const genuine = transformer.transformWrite(content);
    return [['its own', genuine], ...texts].map(([input, text]) => [
      name,
      input,
      () => transformer.transformRead(text),
    ]);
  });
}

function ours() {
  class Plain {
    s = '';
    l = [];
  }
  const serializer = new SessionSerializerReflection(Plain);
  return [
    ['a long text', filled('{"s":"', 'x', '"}')],
    ['open brackets', filled('', '[')],
    ['an array', filled('{"l":[', '1,', '1]}')],
    ['an array, cut off', filled('{"l":[', '1,', '1]')],
    ['objects, cut off', filled('{"l":[', '{"a":1},', '{}]')],
  ].map(([name, text]) => ['our serializer', name, () => serializer.deserialize(text)]);
}
