/**
 * Contract of checkpoints:
 * - they are made after so many records, after so long, at the end, and never of what was signed already;
 * - each goes to the file, to its copies and to the log; one that cannot be written harms nothing;
 * - the key is made once, for its owner alone, and never replaced; a ledger that is not what was signed is not opened.
 */

import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Checkpoint, checkpointHash, isSigned, readCheckpoint, signedBytes } from './checkpoint.ts';
import { CheckpointError } from './checkpoint-error.ts';
import { appendLine, lastCheckpoint } from './checkpoint-file.ts';
import { publicKeyFile, readPublicKey } from './checkpoint-key.ts';
import { sampleConnection } from './sample-records.ts';
import { AT_CLOSE, RECORDS, reseal, VerifyRig } from './verify-rig.ts';

let rig: VerifyRig;

beforeEach(() => {
  rig = new VerifyRig();
});
afterEach(() => rig.remove());

function written(file = rig.places.file): Checkpoint[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => readCheckpoint(line) as Checkpoint);
}

/** Resolves when the log has so many checkpoints. */
async function logged(count: number): Promise<void> {
  while (rig.log.lines.filter(({ event }) => event === 'checkpoint').length < count)
    await new Promise((done) => setImmediate(done));
}

const refused = (reason: string) => expect.objectContaining({ name: 'CheckpointError', reason });

describe('checkpoints', () => {
  it('are made after so many records, and one covers what came meanwhile', async () => {
    const ledger = await rig.open({ ...AT_CLOSE, records: 3 });
    for (let n = 1; n <= 2; n += 1) await ledger.connection(sampleConnection(`c${n}`));
    expect(written()).toEqual([]);
    await ledger.connection(sampleConnection('c3'));
    await logged(1);
    await ledger.close();
    expect(written().map(({ size }) => size)).toEqual([3]);
  });

  it('are made so long after the first record', async () => {
    const ledger = await rig.open({ ...AT_CLOSE, interval: 5 });
    await ledger.connection(sampleConnection('c1'));
    await logged(1);
    await ledger.connection(sampleConnection('c2'));
    await logged(2);
    await ledger.close();
    expect(written().map(({ size }) => size)).toEqual([1, 2]);
  });

  it('what is not a record brings none: leases, and an end without news', async () => {
    const ledger = await rig.open({ ...AT_CLOSE, records: 2 });
    await ledger.connection(sampleConnection('c1'));
    for (let n = 0; n < 5; n += 1) await ledger.takeJobs(1, 1_000);
    await ledger.close();
    await (await rig.open({ ...AT_CLOSE, records: 1 })).close();
    expect(written().map(({ size }) => size)).toEqual([1]);
  });

  it('closing twice makes one', async () => {
    const ledger = await rig.open();
    await ledger.connection(sampleConnection('c1'));
    await Promise.all([ledger.close(), ledger.close()]);
    expect(written().map(({ size }) => size)).toEqual([1]);
  });

  it('name the one before, across restarts, and say the same to file, copy and log', async () => {
    const copy = join(rig.folder, 'copy.jsonl');
    for (const prefix of ['a', 'b', 'c']) {
      const ledger = await rig.open({ ...AT_CLOSE, copies: [copy] });
      await ledger.connection(sampleConnection(prefix));
      await ledger.close();
    }
    const checkpoints = written();
    expect(checkpoints.map(({ size }) => size)).toEqual([1, 2, 3]);
    expect(checkpoints.map(({ previous }) => previous)).toEqual([
      checkpointHash(null),
      ...checkpoints.slice(0, 2).map(checkpointHash),
    ]);
    expect(written(copy)).toEqual(checkpoints);
    const fromLog = rig.log.lines.filter(({ event }) => event === 'checkpoint').map(({ fields }) => fields);
    expect(fromLog).toEqual(checkpoints);
    const key = readPublicKey(publicKeyFile(rig.places.key));
    expect(checkpoints.map((checkpoint) => isSigned(checkpoint, key))).toEqual([true, true, true]);
  });

  it('a copy that cannot be written is told once, harms nothing, and catches up', async () => {
    const copy = join(rig.folder, 'mount/copy.jsonl');
    const ledger = await rig.open({ ...AT_CLOSE, records: 1, copies: [copy] });
    for (let n = 1; n <= 2; n += 1) {
      await ledger.connection(sampleConnection(`c${n}`));
      await logged(n);
    }
    while (written().length < 2) await new Promise((done) => setImmediate(done));
    expect(ledger.health()).toMatchObject({ ok: true, checkpoints: { ok: false, cause: 'ENOENT', size: 2 } });
    mkdirSync(join(rig.folder, 'mount'));
    await ledger.connection(sampleConnection('c3'));
    await ledger.close();
    expect(ledger.health().checkpoints).toEqual({ ok: true, cause: null, size: 3 });
    expect(written().map(({ size }) => size)).toEqual([1, 2, 3]);
    expect(written(copy).map(({ size }) => size)).toEqual([3]);
    expect(
      rig.log.lines.filter(({ event }) => event !== 'checkpoint').map(({ event, fields }) => [event, fields]),
    ).toEqual([
      ['checkpoint_failed', { file: copy, cause: 'ENOENT' }],
      ['checkpoint_recovered', { file: copy }],
    ]);
  });

  it('a line that was cut short ends there, and the next begins on its own', async () => {
    await rig.write('a');
    const line = readFileSync(rig.places.file, 'utf8');
    writeFileSync(rig.places.file, line + line.slice(0, 50));
    await rig.write('b');
    const lines = readFileSync(rig.places.file, 'utf8').split('\n');
    expect([lines.length, lines[1]]).toEqual([4, line.slice(0, 50)]);
    expect((await rig.verify()).checkpoints.covers?.size).toBe(2 * RECORDS);
    await appendLine(rig.places.file, 'x\n');
    expect(lastCheckpoint(rig.places.file)?.size).toBe(2 * RECORDS);
  });

  it.runIf(hasOpenSsl())('anybody can check one with OpenSSL, as the documentation says', async () => {
    await rig.write();
    const [checkpoint] = written() as [Checkpoint];
    const [signed, signature] = [join(rig.folder, 'signed'), join(rig.folder, 'signature')];
    const { signature: base64, ...rest } = checkpoint;
    const sorted = Object.fromEntries(Object.entries(rest).toSorted());
    writeFileSync(signed, `judge-proxy checkpoint 1\n${JSON.stringify(sorted)}`);
    expect(readFileSync(signed)).toEqual(signedBytes(checkpoint));
    writeFileSync(signature, Buffer.from(base64, 'base64'));
    const check = () =>
      execFileSync(
        'openssl',
        [
          'pkeyutl',
          '-verify',
          '-rawin',
          '-pubin',
          '-inkey',
          publicKeyFile(rig.places.key),
          '-in',
          signed,
          '-sigfile',
          signature,
        ],
        { stdio: ['ignore', 'pipe', 'ignore'] },
      ).toString();
    expect(check()).toContain('Verified Successfully');
    writeFileSync(signed, `judge-proxy checkpoint 1\n${JSON.stringify({ ...sorted, size: 11 })}`);
    expect(check).toThrow();
  });
});

describe('the key', () => {
  it('is made once, for its owner alone, and its public half for all', async () => {
    await rig.write('a');
    const { key } = rig.places;
    const made = readFileSync(key);
    expect(statSync(key).mode & 0o777).toBe(0o600);
    expect(readFileSync(publicKeyFile(key), 'utf8')).toMatch(/^-----BEGIN PUBLIC KEY-----/);
    await rig.write('b');
    expect(readFileSync(key)).toEqual(made);
    expect(existsSync(`${key}.new`)).toBe(false);
  });

  it('never stands in a log line', async () => {
    await rig.write('a');
    const secret = readFileSync(rig.places.key, 'utf8').split('\n')[1] ?? '';
    expect(secret.length).toBeGreaterThan(40);
    expect(JSON.stringify(rig.log.lines)).not.toContain(secret);
  });

  it('that is gone is not replaced while there are checkpoints', async () => {
    await rig.write('a');
    rmSync(rig.places.key);
    await expect(rig.open()).rejects.toEqual(refused('key_missing'));
    expect(existsSync(rig.places.key)).toBe(false);
    rmSync(rig.places.file);
    await (await rig.open()).close();
    expect(existsSync(rig.places.key)).toBe(true);
  });

  it('of another ledger, or none at all, is refused', async () => {
    await rig.write('a');
    const other = new VerifyRig();
    await other.write('a');
    copyFileSync(other.places.key, rig.places.key);
    await expect(rig.open()).rejects.toEqual(refused('key_replaced'));
    writeFileSync(rig.places.key, 'no key');
    await expect(rig.open()).rejects.toEqual(refused('key_unreadable'));
    other.remove();
  });
});

describe('a ledger that is not what was signed is not opened', () => {
  beforeEach(() => rig.write('a'));

  it('when its tail was cut, or it was written anew', async () => {
    const restore = rig.keep();
    rig.tamper((db) => db.exec('DELETE FROM records WHERE seq = 10'));
    await expect(rig.open()).rejects.toEqual(refused('off_chain'));
    restore();
    rig.tamper((db) => {
      db.exec("UPDATE records SET body = replace(body, 'POST', 'PUT')");
      reseal(db);
    });
    await expect(rig.open()).rejects.toEqual(refused('off_chain'));
  });

  it('when an older checkpoint was put behind the last one, to hide that the tail was cut', async () => {
    const older = readFileSync(rig.places.file, 'utf8');
    await rig.write('b');
    rig.tamper((db) => db.exec(`DELETE FROM records WHERE seq > ${RECORDS}`));
    writeFileSync(rig.places.file, older, { flag: 'a' });
    await expect(rig.open()).rejects.toEqual(refused('off_chain'));
  });

  it('when it is another one, or a new one', async () => {
    const other = new VerifyRig();
    await other.write('z');
    copyFileSync(other.file, rig.file);
    await expect(rig.open()).rejects.toEqual(refused('foreign'));
    rmSync(rig.file);
    await expect(rig.open()).rejects.toEqual(refused('off_chain'));
    other.remove();
  });

  it('when the last checkpoint was forged, or the file is something else', async () => {
    const line = readFileSync(rig.places.file, 'utf8');
    writeFileSync(rig.places.file, line.replace('2026', '2027'));
    await expect(rig.open()).rejects.toEqual(refused('forged'));
    writeFileSync(rig.places.file, 'something else\n');
    await expect(rig.open()).rejects.toEqual(refused('unreadable'));
  });

  it('and it is free for the next one, who is told what to do', async () => {
    writeFileSync(rig.places.file, 'something else\n');
    const error = await rig.open().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CheckpointError);
    expect((error as Error).message).toMatch(/checkpoints\.jsonl ends with .*npm run verify/);
    rmSync(rig.places.file);
    await (await rig.open()).close();
    expect(written().map(({ size }) => size)).toEqual([RECORDS]);
  });
});

function hasOpenSsl(): boolean {
  try {
    return execFileSync('openssl', ['version']).toString().startsWith('OpenSSL 3');
  } catch {
    return false;
  }
}
