/**
 * All that a very able model could read in a text: every encoding undone, every disguise seen through. Written apart
 * from the rules and without their code, so that a defect of theirs does not blind the attacker's reader as well.
 */

/** The text itself and whatever it turns into; two layers deep. */
export function readings(text: string): string[] {
  const first = layer(text);
  const found = new Set([text, ...first]);
  for (const reading of first) {
    if (reading.length < 20_000) for (const inner of layer(reading)) found.add(inner);
  }
  return [...found];
}

function layer(text: string): string[] {
  return DECODERS.flatMap((decode) => decode(text)).filter((reading) => reading !== '' && reading !== text);
}

const DECODERS: readonly ((text: string) => string[])[] = [
  (text) => [visible(text)],
  (text) => [lookAlike(visible(text))],
  (text) => [fromTags(text), fromSelectors(text), fromZeroWidth(text)],
  (text) => runs(text, /(?:[A-Za-z0-9+/_-]{16,}(?:\s|\\n)?)+/g).map((run) => base64(run.replace(/\s|\\n/g, ''))),
  (text) => runs(text, /(?:(?:0x|\\x)?[0-9a-f]{2}[ :]?){8,}/gi).map((run) => hex(run)),
  (text) => [text.replace(/[%=]([0-9a-f]{2})/gi, (_, byte: string) => String.fromCharCode(Number.parseInt(byte, 16)))],
  (text) => [text.replace(/[a-z]/gi, rotated)],
  (text) => [text.replace(/&#(x?)([0-9a-f]+);/gi, (_, x: string, n: string) => point(Number.parseInt(n, x ? 16 : 10)))],
  (text) => [text.replace(/\\u([0-9a-f]{4})/gi, (_, n: string) => point(Number.parseInt(n, 16)))],
  (text) => [[...text].reverse().join('')],
  (text) => [text.replace(/[013457]/g, (digit) => 'oi_eas_t'[Number(digit)] ?? digit)],
  (text) => runs(text, /(?:\b[a-z][ .-]){4,}[a-z]\b/gi).map((run) => run.replace(/[ .-]/g, '')),
  (text) => runs(text, /[A-Z2-7]{24,}/g).map(base32),
  (text) => runs(text, /(?:[01]{8} ?){4,}/g).map((run) => bytes(run.match(/[01]{8}/g) ?? [], 2)),
  (text) => runs(text, /(?:\b\d{2,3} ){8,}\d{2,3}/g).map((run) => bytes(run.split(' '), 10)),
  (text) => runs(text, /[.-][-. /]{20,}/g).map(morse),
];

function runs(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].slice(0, 500).map((match) => match[0]);
}

function visible(text: string): string {
  return text
    .normalize('NFKC')
    .replace(/[\p{Default_Ignorable_Code_Point}\u200e\u200f]/gu, '')
    .replace(/(?![\t\n\r])\p{Cc}/gu, '');
}

const LOOK_ALIKES = new Map(
  Object.entries({
    ...letters('аеорсхуіјѕԁցսոһ', 'aeopcxyijsdgunh'),
    ...letters('οινηαετυρκ', 'oivnaetupk'),
    ...letters('ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘǫʀꜱᴛᴜᴠᴡʏᴢ', 'abcdefghijklmnopqrstuvwyz'),
    ...letters('øłđ', 'old'),
  }),
);

function letters(from: string, to: string): Record<string, string> {
  return Object.fromEntries([...from].map((letter, index) => [letter, to[index] ?? '']));
}

function lookAlike(text: string): string {
  const plain = text.normalize('NFD').replace(/\p{M}/gu, '');
  const mapped = [...plain].map((letter) => {
    const code = letter.codePointAt(0) ?? 0;
    if (code >= 0x1f1e6 && code <= 0x1f1ff) return point(code - 0x1f1e6 + 97);
    if (code >= 0x1f170 && code <= 0x1f189) return point(code - 0x1f170 + 97);
    return LOOK_ALIKES.get(letter) ?? letter;
  });
  return mapped.join('').replace(/\b(?:[a-z] ){3,}[a-z]\b/g, (run) => run.replaceAll(' ', ''));
}

function fromTags(text: string): string {
  return [...text]
    .map((c) => c.codePointAt(0) ?? 0)
    .filter((c) => c >= 0xe0020 && c < 0xe007f)
    .map((c) => point(c - 0xe0000))
    .join('');
}

function fromSelectors(text: string): string {
  const codes = [...text].map((c) => c.codePointAt(0) ?? 0);
  const wide = codes.filter((c) => c >= 0xe0100 && c <= 0xe01ef).map((c) => c - 0xe0100);
  const nibbles = codes.filter((c) => c >= 0xfe00 && c <= 0xfe0f).map((c) => c - 0xfe00);
  for (let at = 0; at + 1 < nibbles.length; at += 2) wide.push(((nibbles[at] ?? 0) << 4) | (nibbles[at + 1] ?? 0));
  return Buffer.from(wide).toString('utf8');
}

function fromZeroWidth(text: string): string {
  const bits = [...text]
    .map((c) => ('\u200b\u2062'.includes(c) ? '0' : '\u200c\u2063'.includes(c) ? '1' : ''))
    .join('');
  return bits.length < 16 ? '' : bytes(bits.match(/[01]{8}/g) ?? [], 2);
}

function base64(run: string): string {
  const text = Buffer.from(run, 'base64').toString('utf8');
  return text.includes('\ufffd') ? '' : text;
}

function hex(run: string): string {
  return Buffer.from(run.replace(/0x|\\x|[ :]/gi, ''), 'hex').toString('utf8');
}

function bytes(numbers: readonly string[], radix: number): string {
  return Buffer.from(numbers.map((number) => Number.parseInt(number, radix))).toString('utf8');
}

function rotated(letter: string): string {
  const base = letter <= 'Z' ? 65 : 97;
  return String.fromCharCode(((letter.charCodeAt(0) - base + 13) % 26) + base);
}

function point(code: number): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : '';
}

function base32(run: string): string {
  const bits = [...run].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  return bytes(bits.match(/[01]{8}/g) ?? [], 2);
}

const MORSE = new Map(
  '.- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --..'
    .split(' ')
    .map((code, index) => [code, String.fromCharCode(97 + index)]),
);

function morse(run: string): string {
  return run
    .split('/')
    .map((word) =>
      word
        .trim()
        .split(' ')
        .map((code) => MORSE.get(code) ?? '')
        .join(''),
    )
    .join(' ');
}
