/**
 * Contract of the state file: it is replaced as a whole, a run that dies before that leaves the old one; it goes on only
 * in the ledger and with the selection that it is of.
 */

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { continueAfter, type ExportState, readState, writeState } from './state.ts';

const STATE: ExportState = { ledger_id: 'l1', seq: 12, hash: 'aa', selection: '--format csv' };
const STANDS = { ledger_id: 'l1', seq: 12, hash: 'aa' };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'export-state-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the state file', () => {
  it('is read as it was written, is for its owner alone, and leaves nothing beside it', async () => {
    const file = join(folder, 'state.json');
    await writeState(file, { ...STATE, seq: 3 });
    await writeState(file, STATE);
    expect(await readState(file)).toMatchObject(STATE);
    expect(statSync(file).mode & 0o077).toBe(0);
    expect(readdirSync(folder)).toEqual(['state.json']);
  });

  it('is null where there is none', async () => {
    expect(await readState(join(folder, 'none.json'))).toBeNull();
  });

  it.each(['', '{', '[]', '{"version":2}', `{"version":1,"seq":-1}`, '{"version":1,"seq":"12","hash":""}'])(
    'that holds %j is refused',
    async (text) => {
      const file = join(folder, 'broken.json');
      writeFileSync(file, text);
      await expect(readState(file)).rejects.toThrow(/broken\.json is no state of an export/);
      rmSync(file);
    },
  );

  it('that cannot be written says why, and the old one stays', async () => {
    const place = mkdtempSync(join(folder, 'locked-'));
    const file = join(place, 'state.json');
    await writeState(file, STATE);
    const before = readFileSync(file, 'utf8');
    // Where the new one is written there is a folder: root may write everywhere else.
    mkdirSync(`${file}.new`);
    await expect(writeState(file, { ...STATE, seq: 99 })).rejects.toThrow(/cannot be written \(EISDIR\)/);
    expect(readFileSync(file, 'utf8')).toBe(before);
  });
});

describe('going on', () => {
  it.each([
    ['without a state from the start', null, '--format csv', null, 0],
    ['after its record', STATE, '--format csv', STANDS, 12],
    ['from the start of a ledger that was empty', { ...STATE, seq: 0 }, '--format csv', null, 0],
  ])('%s', (_name, state, selection, stands, after) => {
    expect(continueAfter('f', state, selection, stands)).toBe(after);
  });

  it.each([
    ['with another selection', '--format jsonl', STANDS, /other options \(--format csv\)/],
    ['in a ledger that does not reach so far', '--format csv', null, /another ledger/],
    ['in another ledger', '--format csv', { ...STANDS, ledger_id: 'l2' }, /another ledger/],
    ['where another record stands', '--format csv', { ...STANDS, hash: 'bb' }, /another ledger/],
  ])('is refused %s', (_name, selection, stands, words) => {
    expect(() => continueAfter('f', STATE, selection, stands)).toThrow(words);
  });
});
