/** What a running chain holds: its metrics, and memory and descriptors of its processes (Linux). */

import { readdir, readFile } from 'node:fs/promises';
import http from 'node:http';

/** Value of one metric of the judge proxy, by its name and labels as they are written; NaN when it is absent. */
export async function metric(adminPort: number, name: string): Promise<number> {
  return metricIn(await metricsPage(adminPort), name);
}

export function metricIn(page: string, name: string): number {
  const line = page.split('\n').find((text) => text.startsWith(`${name} `));
  return line === undefined ? Number.NaN : Number(line.slice(name.length + 1));
}

export function metricsPage(adminPort: number): Promise<string> {
  return new Promise((done, fail) => {
    const request = http.get({ host: '127.0.0.1', port: adminPort, path: '/metrics', agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('end', () => done(text));
    });
    request.once('error', fail);
  });
}

/** Names and labels of all series, without their values. */
export function seriesOf(page: string): string[] {
  return page
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.slice(0, line.lastIndexOf(' ')));
}

/** Resident memory of a process in bytes. */
export async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) * 1024;
}

/** Open descriptors of a process. */
export async function descriptors(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length;
}

/** Asks again and again, each time after the last answer, until it holds. The test's own limit ends it otherwise. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((next) => setImmediate(next));
}
