/**
 * Contract: a reader finds the old content or the new, whole; a key is never open to others; what must not be replaced
 * is not; nothing is left behind.
 */

import { once } from 'node:events';
import { watch } from 'node:fs';
import { chmod, mkdir, readdir, readFile, stat, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createPair, guardKey, readIfThere, writeAtomic, writePair } from './files.ts';
import { Folder, runProgram } from './testing/tools.ts';

const modeOf = async (file: string) => ((await stat(file)).mode & 0o777).toString(8);
const pairIn = (folder: Folder) => ({ certFile: folder.file('x.crt'), keyFile: folder.file('x.key') });
const PAIR = { certPem: 'certificate', keyPem: 'key' };

describe('writePair', () => {
  it('makes directories, gives the key 0600 and the certificate 0644, and leaves nothing else', async () => {
    await using folder = await Folder.make();
    const deep = join(folder.path, 'a/b');
    await writePair({ certFile: join(deep, 'x.crt'), keyFile: join(deep, 'x.key') }, PAIR);
    expect(await modeOf(join(deep, 'x.key'))).toBe('600');
    expect(await modeOf(join(deep, 'x.crt'))).toBe('644');
    expect(await readdir(deep)).toEqual(['x.crt', 'x.key']);
  });

  it('closes a key that was open before, by replacing it', async () => {
    await using folder = await Folder.make();
    await chmod(await folder.write('x.key', 'old'), 0o666);
    await writePair(pairIn(folder), PAIR);
    expect(await modeOf(folder.file('x.key'))).toBe('600');
  });

  it('renames the key before the certificate: the last rename that Envoy sees finds the pair whole', async () => {
    await using folder = await Folder.make();
    await writePair(pairIn(folder), { certPem: 'old', keyPem: 'old' });
    const seen: string[] = [];
    const watcher = watch(folder.path, (_, name) => {
      if (name === 'x.key' || name === 'x.crt') seen.push(name);
      if (name === 'x.crt') watcher.emit('certificate');
    });
    try {
      const certificate = once(watcher, 'certificate');
      await writePair(pairIn(folder), PAIR);
      await certificate;
      expect([...new Set(seen)]).toEqual(['x.key', 'x.crt']);
    } finally {
      watcher.close();
    }
  });

  it('replaces neither file when the certificate cannot be staged', async () => {
    await using folder = await Folder.make();
    await folder.write('file', '');
    const files = { certFile: join(folder.file('file'), 'x.crt'), keyFile: folder.file('x.key') };
    await expect(writePair(files, PAIR)).rejects.toMatchObject({
      code: 'file_failed',
      message: expect.stringMatching(/x\.crt/),
    });
    expect(await readdir(folder.path)).toEqual(['file']);
  });
});

describe('writeAtomic', () => {
  it('shows a reader the old text or the new one, never a part', async () => {
    await using folder = await Folder.make();
    const file = folder.file('bundle.pem');
    const texts = ['a'.repeat(300_000), 'b'.repeat(200_000)] as const;
    await writeAtomic(file, texts[0], 0o644);
    let isWriting = true;
    const writing = (async () => {
      for (let i = 0; i < 40; i++) await writeAtomic(file, texts[i % 2 === 0 ? 1 : 0], 0o644);
      isWriting = false;
    })();
    const sizes = new Set<number>();
    while (isWriting) sizes.add((await readFile(file, 'utf8')).length);
    await writing;
    expect([...sizes].filter((size) => size !== 300_000 && size !== 200_000)).toEqual([]);
    expect(sizes.size).toBe(2);
  });

  it('says which file could not be written, and why', async () => {
    await using folder = await Folder.make();
    await mkdir(folder.file('x'));
    await expect(writeAtomic(folder.file('x'), 'text', 0o644)).rejects.toMatchObject({
      code: 'file_failed',
      problem: expect.stringMatching(/cannot write .*\/x: (EISDIR|EEXIST|ENOTEMPTY)/),
    });
    expect(await readdir(folder.path)).toEqual(['x']);
  });
});

describe('createPair', () => {
  it.each(['x.key', 'x.crt'])('does not touch an existing %s', async (name) => {
    await using folder = await Folder.make();
    await folder.write(name, 'precious');
    await expect(createPair(pairIn(folder), PAIR)).rejects.toMatchObject({ code: 'ca_exists' });
    expect(await readFile(folder.file(name), 'utf8')).toBe('precious');
    expect(await readdir(folder.path)).toEqual([name]);
  });

  it('lets one of many win', async () => {
    await using folder = await Folder.make();
    const attempts = Array.from({ length: 8 }, (_, i) =>
      createPair(pairIn(folder), { certPem: `certificate ${i}`, keyPem: `key ${i}` }).then(() => i),
    );
    const done = await Promise.allSettled(attempts);
    const winners = done.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(winners).toHaveLength(1);
    expect(await readIfThere(folder.file('x.crt'))).toBe(`certificate ${winners[0]}`);
    expect(await readIfThere(folder.file('x.key'))).toBe(`key ${winners[0]}`);
  });
});

describe('guardKey', () => {
  it.each([
    [0o600, false, '600'],
    [0o400, false, '400'],
    [0o440, false, '440'], // a Kubernetes volume with fsGroup
    [0o644, true, '640'],
    [0o660, true, '640'],
    [0o777, true, '750'],
  ])('a key of mode %o', async (mode, changed, after) => {
    await using folder = await Folder.make();
    const file = await folder.write('x.key', 'key');
    await chmod(file, mode);
    expect(await guardKey(file)).toBe(changed);
    expect(await modeOf(file)).toBe(after);
  });

  it('looks through a link', async () => {
    await using folder = await Folder.make();
    await chmod(await folder.write('real.key', 'key'), 0o644);
    await symlink('real.key', folder.file('x.key'));
    await guardKey(folder.file('x.key'));
    expect(await modeOf(folder.file('real.key'))).toBe('640');
  });
});

describe('readIfThere', () => {
  it('gives null for no file, an error for one that cannot be read', async () => {
    await using folder = await Folder.make();
    expect(await readIfThere(folder.file('none'))).toBeNull();
    await expect(readIfThere(folder.path)).rejects.toMatchObject({ code: 'file_failed' });
  });
});

describe('git', () => {
  it.each(['certs/ca.key', 'certs/intercept-ca.key', 'certs/server.key', 'certs/.ca.key.1234.tmp'])(
    'ignores %s',
    async (file) => {
      const root = resolve(import.meta.dirname, '..');
      expect((await runProgram('git', ['check-ignore', '--no-index', '--quiet', file], { cwd: root }))?.code).toBe(0);
    },
  );

  it('holds no private key', async () => {
    const root = resolve(import.meta.dirname, '..');
    // The words are put together here so that this file is not the one that is found.
    const found = await runProgram('git', ['grep', '-lE', `BEGIN [A-Z ]*PRIVATE${' '}KEY-----$`], { cwd: root });
    expect(found?.stdout).toBe('');
  });
});
