import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HostsFile, parseHosts } from './hosts-file.ts';

describe('parseHosts', () => {
  it('reads addresses, names and aliases, in file order, without comments and repeats', () => {
    const table = parseHosts(
      [
        '# comment',
        '127.0.0.1\tlocalhost LocalHost.localdomain # more',
        '::1 localhost ip6-localhost',
        '  10.0.0.5   api.test\talias.test\r',
        '10.0.0.5 api.test',
        'fe80::1%lo0 zone.test',
        'not-an-address x.test',
        '10.0.0.6',
        '',
      ].join('\n'),
    );
    expect(Object.fromEntries(table)).toEqual({
      localhost: ['127.0.0.1', '::1'],
      'localhost.localdomain': ['127.0.0.1'],
      'ip6-localhost': ['::1'],
      'api.test': ['10.0.0.5'],
      'alias.test': ['10.0.0.5'],
      'zone.test': ['fe80::1%lo0'],
    });
  });

  it('never throws, and a name from the file is no key of an object', () => {
    fc.assert(fc.property(fc.string(), (text) => parseHosts(text) instanceof Map));
    expect(parseHosts('10.0.0.1 __proto__').get('__proto__')).toEqual(['10.0.0.1']);
  });
});

describe('HostsFile', () => {
  it('sees a change, and an absent file is an empty one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hosts-'));
    const path = join(folder, 'hosts');
    const hosts = new HostsFile(path);
    expect(await hosts.lookup('a.test')).toEqual([]);
    await writeFile(path, '10.0.0.1 a.test\n');
    expect(await hosts.lookup('a.test')).toEqual(['10.0.0.1']);
    await writeFile(path, '10.0.0.2 a.test b.test\n');
    expect(await hosts.lookup('a.test')).toEqual(['10.0.0.2']);
    await rm(folder, { recursive: true });
    expect(await hosts.lookup('a.test')).toEqual([]);
  });
});
