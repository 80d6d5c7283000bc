/**
 * What a text says when its disguise is taken off, for the one rule that reads orders to a judge. A model reads through
 * look-alike letters, escapes, rot13 or reversed words; a pattern does not. Each disguise has a cheap sign, looked for
 * first, so ordinary text costs the looking and nothing else.
 */

import { longRuns } from './encoded.ts';

/** Characters of one text that are decoded, in all disguises together. */
const MOST_DECODED = 1_048_576;

/** @returns readings of `text` that differ from it; what they say has no offsets of its own */
export function disguises(text: string): string[] {
  const first = undressed(text);
  return [...first, ...first.filter((reading) => reading.length < 65_536).flatMap(undressed)];
}

function undressed(text: string): string[] {
  const found: string[] = [];
  let room = MOST_DECODED;
  for (const { sign, read } of DISGUISES) {
    if (room <= 0 || !(typeof sign === 'function' ? sign(text) : sign.test(text))) continue;
    const reading = read(text.length > room ? text.slice(0, room) : text);
    room -= reading.length;
    if (reading !== '' && reading !== text) found.push(reading);
  }
  return found;
}

interface Disguise {
  readonly sign: RegExp | ((text: string) => boolean);
  readonly read: (text: string) => string;
}

const DISGUISES: readonly Disguise[] = [
  // Look-alikes, marks upon letters, control characters within words, letters in boxes and flags.
  { sign: /[^\t\n\r -~]/, read: skeleton },
  // rot13 of judge, evaluat, verdict, rubric, ignore, score, safe.
  { sign: /whqtr|rinyhng|ireqvpg|ehoevp|vtaber|fpber|\bfnsr\b/i, read: (text) => text.replace(/[a-z]/gi, rotated) },
  { sign: /egduj|taulave|tcidrev|cirbur|erongi|erocs/i, read: (text) => [...text].reverse().join('') },
  {
    sign: /judg3|v4lu|3valu|[1i]gn0r|1gnor|v3rd[1i]|verd1c|sc0r|5cor|[s5]4f[e3]|saf3|5afe|rubr1c/i,
    read: (text) => text.replace(/[013457]/g, (sign) => LEET[sign] ?? sign),
  },
  {
    sign: /(?:%[0-9a-f]{2}[^%]{0,8}){2}|(?:=[0-9a-f]{2}){4}/i,
    read: (text) => text.replaceAll('+', ' ').replace(/[%=]([0-9a-f]{2})/gi, (_, digits: string) => point(digits, 16)),
  },
  { sign: /(?:&#x?[0-9a-f]{2,6};.{0,8}){3}/i, read: (text) => text.replace(/&#(x?)([0-9a-f]{2,6});/gi, entity) },
  {
    sign: /(?:\\[ux][0-9a-f]{2,4}[^\\]{0,8}\\?){2}/i,
    read: (text) =>
      text.replace(/\\{1,2}(?:u([0-9a-f]{4})|x([0-9a-f]{2}))/gi, (_, u?: string, x?: string) => point(u ?? x, 16)),
  },
  // Long runs of one alphabet: base64 without the bounds that keep the other rules quick, hex, base32.
  { sign: (text) => hasRun(text, 24), read: (text) => lines(Array.from(longRuns(text), (run) => fromRun(text, run))) },
  {
    sign: /[0-9a-f]{2}[ :][0-9a-f]{2}[ :][0-9a-f]{2}[ :][0-9a-f]{2}[ :]/i,
    read: (text) => pieces(text, /(?:[0-9a-f]{2}[ :]){8,}[0-9a-f]{2}/gi, fromHex),
  },
  {
    sign: /0[01]{7} ?0[01]{7}/,
    read: (text) => pieces(text, /(?:[01]{8} ?){6,}/g, (run) => numbers(run, /[01]{8}/g, 2)),
  },
  {
    sign: /(?:\b\d{2,3}[ ,]{1,2}){12}/,
    read: (text) => pieces(text, /(?:\b\d{2,3}[ ,]{1,2}){12,}\d{2,3}/g, (run) => numbers(run, /\d+/g, 10)),
  },
  { sign: /(?:[.-]{1,4} ){5}/, read: (text) => pieces(text, /[.-][-. /]{19,}/g, fromMorse) },
  {
    sign: /\b[a-z]([ ._*-])[a-z]\1[a-z]\1[a-z]\b/i,
    read: (text) => text.replace(/\b[a-z]([ ._*-])(?:[a-z]\1){2,}[a-z]\b/gi, (run) => run.replace(/[ ._*-]/g, '')),
  },
  // Base64 that is broken into lines.
  {
    sign: hasBrokenRun,
    read: (text) => pieces(text, /(?:[A-Za-z0-9+/_-]{12,100}={0,2}(?:\s{1,2}|\\n)?){2,}/g, fromBase64),
  },
];

/** Whether `length` characters of base64's alphabet stand together. Looks at every `length`th character first. */
function hasRun(text: string, length: number): boolean {
  for (let probe = length - 1; probe < text.length; probe += length) {
    let start = probe;
    while (start > 0 && probe - start < length && inAlphabet(text.charCodeAt(start))) start--;
    if (!inAlphabet(text.charCodeAt(probe))) continue;
    let end = probe;
    while (end < text.length && end - start <= length && inAlphabet(text.charCodeAt(end))) end++;
    if (end - start > length) return true;
  }
  return false;
}

/** Whether a line or word ends on twelve characters of the alphabet and the next begins with as many. */
function hasBrokenRun(text: string): boolean {
  for (let at = BROKEN; at < text.length - BROKEN; at++) {
    const code = text.charCodeAt(at);
    const escaped = code === 92 && text.charCodeAt(at + 1) === 110;
    if (code !== 32 && code !== 10 && !escaped) continue;
    const next = at + (escaped ? 2 : 1);
    if (allInAlphabet(text, at - BROKEN, at) && allInAlphabet(text, next, next + BROKEN)) return true;
  }
  return false;
}

const BROKEN = 12;

function allInAlphabet(text: string, start: number, end: number): boolean {
  for (let at = end - 1; at >= start; at--) if (!inAlphabet(text.charCodeAt(at))) return false;
  return true;
}

/** Both alphabets of RFC 4648. */
function inAlphabet(code: number): boolean {
  const letter = code | 32;
  return (letter >= 97 && letter <= 122) || (code >= 47 && code <= 57) || code === 43 || code === 45 || code === 95;
}

const LEET: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
};

/** Letters of other scripts that look like Latin ones (after Unicode TS 39's confusables, small letters). */
const LOOK_ALIKES = new Map<string, string>(
  [
    ['\u0430\u0435\u043e\u0440\u0441\u0445\u0443\u0456\u0458\u0455\u0501\u051b\u051d\u04bb', 'aeopcxyijsdqwh'],
    ['\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0406\u0408\u0405', 'ABEKMHOPCTXIJS'],
    ['\u03b1\u03b5\u03b9\u03bf\u03c1\u03c5\u03bd\u03ba\u03c4\u03b7', 'aeiopuvktn'],
    ['\u0391\u0392\u0395\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u0396', 'ABEHIKMNOPTYXZ'],
    ['\u0581\u057d\u0578\u0570\u0585\u0261\u0269\u00f8\u0142\u0111\u0131', 'gunhogioldi'],
    [
      '\u1d00\u0299\u1d04\u1d05\u1d07\ua730\u0262\u029c\u026a\u1d0a\u1d0b\u029f\u1d0d\u0274\u1d0f\u1d18\u01eb\u0280\ua731\u1d1b\u1d1c\u1d20\u1d21\u028f\u1d22',
      'abcdefghijklmnopqrstuvwyz',
    ],
  ].flatMap(([from = '', to = '']) => [...from].map((letter, index) => [letter, to[index] ?? letter] as const)),
);

function skeleton(text: string): string {
  const plain = text.normalize('NFD').replace(/[\p{M}\p{Cf}\u115f\u1160\u3164\uffa0]|(?![\t\n\r])\p{Cc}/gu, '');
  const letters = plain.replace(/[^\t\n\r -~]/gu, (letter) => LOOK_ALIKES.get(letter) ?? boxed(letter));
  return letters.replace(/(?:\b[a-z] ){3,60}[a-z]\b/gi, (run) => run.replaceAll(' ', ''));
}

/** Regional indicators and squared letters, by their distance from the first. */
function boxed(letter: string): string {
  const code = letter.codePointAt(0) ?? 0;
  for (const first of [0x1f1e6, 0x1f130, 0x1f150, 0x1f170]) {
    if (code >= first && code < first + 26) return String.fromCharCode(97 + code - first);
  }
  return letter;
}

function rotated(letter: string): string {
  const base = letter <= 'Z' ? 65 : 97;
  return String.fromCharCode(((letter.charCodeAt(0) - base + 13) % 26) + base);
}

/** The runs of `pattern`, decoded, a line each; what does not decode to text is left out. */
function pieces(text: string, pattern: RegExp, decode: (run: string) => string): string {
  return lines(Array.from(text.matchAll(pattern), ([run]) => decode(run)));
}

function lines(decoded: readonly string[]): string {
  return decoded.filter(isText).join('\n');
}

function fromRun(text: string, { start, end }: { readonly start: number; readonly end: number }): string {
  const run = text.slice(start, end);
  if (/^(?:0x)?[0-9a-f]+$/i.test(run)) return fromHex(run.replace(/^0x/i, ''));
  return /^[A-Z2-7]+$/.test(run) ? fromBase32(run) : fromBase64(run);
}

/** Mostly printable: a hash or an image is not looked at further. */
function isText(decoded: string): boolean {
  return decoded.length >= 4 && !decoded.includes('\ufffd') && !/(?![\t\n\r])\p{Cc}/u.test(decoded);
}

function fromHex(run: string): string {
  return Buffer.from(run.replace(/[ :]/g, ''), 'hex').toString('utf8');
}

function fromBase64(run: string): string {
  const whole = run.replace(/\s|\\n/g, '');
  return /[A-Z]/.test(whole) && /[a-z]/.test(whole) ? Buffer.from(whole, 'base64').toString('utf8') : '';
}

function fromBase32(run: string): string {
  const digits = [...run].map((sign) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(sign).toString(2).padStart(5, '0'));
  return numbers(digits.join(''), /[01]{8}/g, 2);
}

function numbers(run: string, each: RegExp, radix: number): string {
  return Buffer.from(Array.from(run.matchAll(each), ([digits]) => Number.parseInt(digits, radix))).toString('utf8');
}

function entity(_: string, x: string, digits: string): string {
  return point(digits, x === '' ? 10 : 16);
}

function point(digits: string | undefined, radix: number): string {
  const code = Number.parseInt(digits ?? '', radix);
  return code <= 0x10ffff ? String.fromCodePoint(code) : '';
}

const MORSE = new Map(
  '.- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --..'
    .split(' ')
    .map((code, index) => [code, String.fromCharCode(97 + index)]),
);

function fromMorse(run: string): string {
  const words = run.split('/').map((word) => word.trim().split(' '));
  return words.map((codes) => codes.map((code) => MORSE.get(code) ?? '').join('')).join(' ');
}
