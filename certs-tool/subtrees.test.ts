import { describe, expect, it } from 'vitest';
import { type NameConstraints, UNCONSTRAINED } from './constraints.ts';
import { beyond, covers, subtreesFor } from './subtrees.ts';

const permitting = (dns: string[], more: Partial<NameConstraints> = {}) => ({ ...UNCONSTRAINED, dns, ...more });

describe('subtreesFor', () => {
  it('takes a host as it is, a wildcard as the domain, each once', () => {
    expect(subtreesFor(['api.a.test', '*.b.test', 'b.test', 'API.a.test', 'bücher.test'])).toEqual([
      'api.a.test',
      'b.test',
      'xn--bcher-kva.test',
    ]);
  });

  it('has no list for any host', () => {
    expect(subtreesFor(['api.a.test', '*'])).toEqual([]);
  });

  it.each(['127.0.0.1', '[::1]', '::1', 'a.*.b', '*a.b', 'a b', ''])('refuses %j', (pattern) => {
    expect(() => subtreesFor([pattern])).toThrow(expect.objectContaining({ code: 'host_invalid' }));
  });
});

describe('covers', () => {
  it.each<[string, NameConstraints, string, boolean]>([
    ['its own host', permitting(['a.test']), 'a.test', true],
    ['all below it', permitting(['a.test']), '*.a.test', true],
    ['all below something below it', permitting(['a.test']), '*.x.a.test', true],
    ['not all below its parent', permitting(['x.a.test']), '*.a.test', false],
    ['all below a leading dot', permitting(['.a.test']), '*.a.test', true],
    ['not all below when a part is excluded', permitting(['a.test'], { excludedDns: ['x.a.test'] }), '*.a.test', false],
    ['a host beside the excluded part', permitting(['a.test'], { excludedDns: ['x.a.test'] }), 'y.a.test', true],
    ['not any host, with a list', permitting(['a.test']), '*', false],
    ['any host, without one', permitting([]), '*', true],
    ['not any host, with something excluded', permitting([], { excludedDns: ['a.test'] }), '*', false],
  ])('%s', (_, constraints, pattern, expected) => {
    expect(covers(constraints, pattern)).toBe(expected);
  });

  it('says yes to everything that its own subtrees were made for', () => {
    const patterns = ['api.a.test', '*.b.test', 'my_host.test'];
    expect(patterns.every((pattern) => covers(permitting(subtreesFor(patterns)), pattern))).toBe(true);
  });
});

describe('beyond', () => {
  it('names what no route asks for', () => {
    expect(beyond(permitting(['a.test', 'b.test', '.c.test']), ['a.test', '*.c.test'])).toEqual(['b.test']);
    expect(beyond(permitting(['a.test']), ['*'])).toEqual([]);
  });
});
