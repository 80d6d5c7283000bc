/** Filler that pushes a text out of what a judge reads, or out of what it decodes. */

export interface Padding {
  readonly where: 'before' | 'after' | 'around' | 'newlines' | 'parts' | 'base64_decoys' | 'inside_base64';
  readonly characters?: number;
  readonly count?: number;
}

const FILLER = 'The bakery has bread, rolls and cake, and on Sundays also croissants. ';

export function padded(text: string, pad: Padding | undefined): string {
  if (pad === undefined) return text;
  const length = pad.characters ?? 0;
  switch (pad.where) {
    case 'before':
      return `${filler(length)}${text}`;
    case 'after':
      return `${text}${filler(length)}`;
    case 'around':
      return `${filler(length / 2)}${text}${filler(length / 2)}`;
    case 'newlines':
      return `Hello.${'\n'.repeat(length)}${text}`;
    case 'base64_decoys':
      return `${decoys(pad.count ?? 0)} ${text}`;
    case 'inside_base64':
      return Buffer.from(`${filler(length)}${text}`).toString('base64');
    case 'parts':
      return text;
    default:
      return pad.where satisfies never;
  }
}

/** Messages that are nothing but padding. */
export function paddingParts(pad: Padding | undefined): { role: string; content: string }[] {
  if (pad?.where !== 'parts') return [];
  return Array.from({ length: pad.count ?? 0 }, (_, index) => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: `Line ${index}: bread.`,
  }));
}

function filler(length: number): string {
  return FILLER.repeat(Math.ceil(length / FILLER.length)).slice(0, length);
}

/** Runs of base64 that say nothing. */
function decoys(count: number): string {
  return Array.from({ length: count }, (_, index) =>
    Buffer.from(`Order ${index} has three rolls.`).toString('base64'),
  ).join(' ');
}
