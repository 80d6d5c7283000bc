import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ReleaseQueue } from './release-queue.ts';

interface Kind {
  readonly idle?: boolean;
  readonly call?: boolean;
  readonly callOpen?: boolean;
  readonly ends?: boolean;
}

/** Units named by their number. */
function queueOf(...kinds: readonly Kind[]) {
  const queue = new ReleaseQueue<{ bytes: Uint8Array; event: null; name: number }>();
  for (const [index, kind] of kinds.entries()) {
    const what = { idle: false, call: false, callOpen: false, ends: false, ...kind };
    queue.push({ bytes: Buffer.from('x'), event: null, name: index + 1 }, what);
  }
  return (rule: { rules: number; model: number; release: 'cleared' | 'eager' }, begun = false) =>
    queue.take(rule, begun).map(({ name }) => name);
}

const TEXT = {};
const IDLE = { idle: true };
const OPENS = { call: true, callOpen: true };
const CLOSES = { call: true, callOpen: false };
const END = { ends: true };

describe('what may go out', () => {
  test.each([
    ['cleared waits for the model', [TEXT, TEXT, TEXT], { rules: 3, model: 1 }, 'cleared', [1]],
    ['cleared waits for the rules', [TEXT, TEXT, TEXT], { rules: 1, model: 3 }, 'cleared', [1]],
    ['eager waits for the rules alone', [TEXT, TEXT, TEXT], { rules: 2, model: 0 }, 'eager', [1, 2]],
    ['nothing before anything is cleared', [IDLE, TEXT], { rules: 0, model: 0 }, 'eager', []],
    ['what is idle follows', [TEXT, IDLE, IDLE, TEXT], { rules: 1, model: 1 }, 'cleared', [1, 2, 3]],
    ['the end waits for the last verdict', [TEXT, END, IDLE], { rules: 3, model: 3 }, 'cleared', [1]],
    ['an open call waits', [TEXT, OPENS, OPENS], { rules: 3, model: 3 }, 'eager', [1]],
    ['a call waits for the model in eager', [TEXT, OPENS, CLOSES, TEXT], { rules: 4, model: 2 }, 'eager', [1]],
    ['a call goes out whole', [TEXT, OPENS, CLOSES, TEXT], { rules: 4, model: 3 }, 'eager', [1, 2, 3, 4]],
    ['a call waits for the rules', [TEXT, OPENS, CLOSES], { rules: 2, model: 3 }, 'cleared', [1]],
    ['a call in one unit waits, too', [TEXT, CLOSES], { rules: 2, model: 1 }, 'eager', [1]],
    ['what is idle does not pass a call', [TEXT, OPENS, IDLE], { rules: 1, model: 1 }, 'cleared', [1]],
  ] as const)('%s', (_name, kinds, read, release, out) => {
    expect(queueOf(...kinds)({ ...read, release })).toEqual(out);
  });

  test('each goes out once', () => {
    const take = queueOf(...Array.from({ length: 200 }, () => TEXT));
    const rule = { model: 200, release: 'cleared' } as const;
    expect(take({ ...rule, rules: 100 })).toHaveLength(100);
    expect(take({ ...rule, rules: 150 }, true)[0]).toBe(101);
    expect(take({ ...rule, rules: 150 }, true)).toEqual([]);
  });
});

test('in every order of judgements: in order, never past what is cleared, no part of a call', () => {
  const kind = fc.constantFrom<Kind>(TEXT, IDLE, OPENS, CLOSES);
  const step = fc.tuple(fc.nat({ max: 40 }), fc.nat({ max: 40 }));
  fc.assert(
    fc.property(fc.array(kind, { maxLength: 40 }), fc.array(step), fc.boolean(), (kinds, steps, eager) => {
      const take = queueOf(...kinds);
      const release = eager ? 'eager' : 'cleared';
      let rules = 0;
      let model = 0;
      const out: number[] = [];
      for (const [r, m] of steps) {
        rules = Math.min(kinds.length, Math.max(rules, r));
        model = Math.min(kinds.length, Math.max(model, m));
        out.push(...take({ rules, model, release }, out.length > 0));
      }
      expect(out).toEqual(out.map((_, index) => index + 1));
      for (const number of out) {
        const unit = kinds[number - 1];
        if (unit?.call === true) expect(number).toBeLessThanOrEqual(Math.min(rules, model));
        else if (unit?.idle !== true) expect(number).toBeLessThanOrEqual(eager ? rules : Math.min(rules, model));
      }
    }),
  );
});
