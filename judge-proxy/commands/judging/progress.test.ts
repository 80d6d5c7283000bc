/** A bar on a terminal, ten lines elsewhere. */

import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { createCounter, createProgress } from './progress.ts';

function drive(isTTY: boolean, total: number, done: number, steps: number) {
  const written: string[] = [];
  const write = (chunk: Buffer, _: string, next: () => void) => {
    written.push(String(chunk));
    next();
  };
  const stream = Object.assign(new Writable({ write }), { isTTY });
  let ms = 0;
  const progress = createProgress(stream, total, done, { now: () => 0, monotonic: () => ms });
  for (let i = 0; i < steps; i++) {
    ms += 1_000;
    progress.step(i === 0);
  }
  progress.end();
  return written.join('');
}

it('elsewhere: a line at every tenth', () => {
  const lines = drive(false, 50, 0, 50).trimEnd().split('\n');
  expect(lines).toHaveLength(10);
  expect(lines[0]).toBe('5 of 50 judged, 1 without an answer, 45 s left');
  expect(lines[9]).toBe('50 of 50 judged, 1 without an answer, 0 s left');
});

it('counts what an earlier run has judged', () => {
  expect(drive(false, 10, 8, 1)).toBe('9 of 10 judged, 1 without an answer, 1 s left\n');
});

it('on a terminal: one line that is drawn again, ended in the end', () => {
  const drawn = drive(true, 400, 0, 100);
  expect(drawn.split('\r').length).toBe(102);
  expect(drawn).toContain(`[${'█'.repeat(8)}${'·'.repeat(22)}] 100 of 400 judged, 1 without an answer, 5:00 left`);
  expect(drawn.match(/\n/g)).toHaveLength(1);
});

it('a count is silent for a second, then drawn again on a terminal, and gone in the end', () => {
  const count = (isTTY: boolean, steps: number) => {
    const written: string[] = [];
    const write = (chunk: Buffer, _: string, next: () => void) => {
      written.push(String(chunk));
      next();
    };
    let ms = 0;
    const stream = Object.assign(new Writable({ write }), { isTTY });
    const counter = createCounter(stream, 'exchanges read', { now: () => 0, monotonic: () => ms });
    for (let i = 0; i < steps; i++) {
      ms += 50;
      counter.step();
    }
    counter.end();
    return written;
  };
  expect(count(true, 19)).toEqual([]);
  expect(count(true, 23)).toEqual(['\r20 exchanges read\u001b[K', '\r22 exchanges read\u001b[K', '\r\u001b[K']);
  expect(count(false, 100)).toEqual([]);
});
