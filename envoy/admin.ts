/** The few calls to Envoy's admin port that a launcher needs. */

import { request } from 'node:http';
import type { Address } from './patch.ts';

const ANSWER_MS = 2_000;

export interface AdminAnswer {
  readonly status: number;
  readonly body: string;
}

/**
 * One call, one answer; the connection is not kept.
 * @throws the socket's error when nobody answers within two seconds
 */
export async function callAdmin(admin: Address, method: 'GET' | 'POST', path: string): Promise<AdminAnswer> {
  return await new Promise<AdminAnswer>((done, fail) => {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const call = request({ ...admin, method, path, agent: false, signal }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
      });
      response.once('end', () => done({ status: response.statusCode ?? 0, body }));
      response.once('error', fail);
    });
    call.once('error', fail);
    call.end();
  });
}

/** Whether Envoy is up: configuration loaded, clusters and listeners made. */
export async function isReady(admin: Address): Promise<boolean> {
  return await callAdmin(admin, 'GET', '/ready').then(
    ({ status }) => status === 200,
    () => false,
  );
}

/** Requests and tunnels that are open. */
export async function openRequests(admin: Address): Promise<number> {
  const { body } = await callAdmin(admin, 'GET', '/stats?filter=%5Ehttp%5C.edge%5C.downstream_rq_active%24');
  return Number(/: (\d+)/.exec(body)?.[1] ?? 0);
}

/** `127.0.0.1:41234`, as Envoy writes it for --admin-address-path; null while the file is not complete. */
export function readAddress(text: string): Address | null {
  const found = /^\[?(.+?)\]?:(\d+)$/.exec(text.trim());
  return found?.[1] === undefined ? null : { host: found[1], port: Number(found[2]) };
}
