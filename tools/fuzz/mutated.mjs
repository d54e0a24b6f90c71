/** Characters with a meaning for decoders. */
const PIECES = [
  ...'"\'\\{}[]:,;=&%#~.*/+-_@$ \t\n\r\0'.split(''),
  ...['%25', '%00', '%ff', '%C3%28', '%u0041', '+', '=='],
  ...['é', '\ud800', '\udfff', '\u2028', '\ufeff', '😀', '\u0130'],
  ...['null', 'true', 'NaN', 'Infinity', '-0', '1e999', '9'.repeat(40), '0x10', '-1', '0.'],
  ...['"__proto__":{"a":1}', '"constructor":', '{"type":"Buffer","data":[1]}', '{"length":99999999}', '{"$date":"x"}'],
  ...['toString', 'hasOwnProperty', '#s', '#i', '#bo', '#f', '#ch', '#cl', '#cs', '#m', '##', '#n'],
  ...['Fe26.2*', 's:', 'enc.', 'https://', 'null', '[::1]', '%0d%0aSet-Cookie:'],
];
const SIZES = [1, 8, 64, 512, 4096, 16_384, 65_536];
const LARGEST = 65_536;

/** An input: a valid one that is unchanged, changed, joined, repeated or cut, or random characters. */
export function mutated(random, valid) {
  let text = random.of(valid);
  switch (random.below(16)) {
    case 0:
      return text;
    case 1:
      return noise(random, random.of(SIZES.slice(0, 5)));
    case 2:
      return random
        .of(PIECES)
        .repeat(random.below(random.of(SIZES)) + 1)
        .slice(0, LARGEST);
    case 3:
      text = (random.of(PIECES) + random.of(PIECES)).repeat(random.below(2048) + 1) + text;
      break;
    case 4: {
      const at = random.below(text.length + 1);
      text = text.slice(0, at) + text.slice(at).repeat(random.below(64) + 1);
      break;
    }
    default:
  }
  for (let changes = random.below(6) + 1; changes > 0; changes--) text = changed(random, text, valid);
  return text.slice(0, LARGEST);
}

function changed(random, text, valid) {
  const at = random.below(text.length + 1);
  const end = Math.min(text.length, at + random.below(8) + 1);
  switch (random.below(9)) {
    case 0:
      return text.slice(0, at) + text.slice(end);
    case 1:
      return text.slice(0, at);
    case 2:
      return text.slice(0, at) + random.of(PIECES) + text.slice(at);
    case 3:
      return text.slice(0, at) + random.of(PIECES) + text.slice(end);
    case 4:
      return text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ (1 << random.below(7))) + text.slice(at + 1);
    case 5:
      return text.slice(0, at) + text.slice(at, end) + text.slice(at);
    case 6: {
      const other = random.of(valid);
      return text.slice(0, at) + other.slice(random.below(other.length + 1));
    }
    case 7:
      return text.slice(0, at) + noise(random, random.below(24) + 1) + text.slice(end);
    default: {
      const other = random.below(text.length + 1);
      return text.slice(0, at) + text.slice(other) + text.slice(at, other);
    }
  }
}

function noise(random, most) {
  const kind = random.below(4);
  let text = '';
  for (let left = random.below(most) + 1; left > 0; left--) text += character(random, kind);
  return text;
}

function character(random, kind) {
  if (kind === 0) return String.fromCharCode(random.below(256));
  if (kind === 1) return String.fromCharCode(random.below(0x10000));
  if (kind === 2) return String.fromCharCode(32 + random.below(95));
  return random.of(PIECES);
}
