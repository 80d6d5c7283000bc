/** Looks for planted secrets in bytes: as they are, and in the codings that programs write without being asked. */

import type { PLANTED } from './corpus-traffic.ts';

export interface Needle {
  readonly name: string;
  readonly form: string;
  readonly bytes: Buffer;
}

/** The forms of every secret. Independent of the code that is tested. */
export function needlesOf(planted: typeof PLANTED): Needle[] {
  return planted.flatMap(({ name, secret }) => {
    const plain = Buffer.from(secret);
    const json = JSON.stringify(secret).slice(1, -1);
    const forms: [string, string][] = [
      ['plain', secret],
      ['JSON', json],
      ['JSON in JSON', JSON.stringify(json).slice(1, -1)],
      ['percent', encodeURIComponent(secret)],
      ['hex', plain.toString('hex')],
      ['HEX', plain.toString('hex').toUpperCase()],
      ...[0, 1, 2].map((shift): [string, string] => [`base64, ${shift} bytes in`, base64Core(plain, shift)]),
    ];
    const seen = new Set<string>();
    return forms.flatMap(([form, text]) => {
      if (text.length < 8 || seen.has(text)) return [];
      seen.add(text);
      return [{ name, form, bytes: Buffer.from(text) }];
    });
  });
}

function base64Core(bytes: Buffer, shift: number): string {
  const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
  return text.slice(shift === 0 ? 0 : shift + 1, Math.floor(((shift + bytes.length) * 8) / 6));
}

/** What of it stands there. */
export function foundIn(haystack: Buffer | string, needles: readonly Needle[]): string[] {
  const bytes = typeof haystack === 'string' ? Buffer.from(haystack) : haystack;
  return needles.filter((needle) => bytes.includes(needle.bytes)).map(({ name, form }) => `${name} (${form})`);
}
