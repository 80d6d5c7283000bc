/** A plain server that answers each case with exactly its bytes, and counts how often it is asked. */

import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Case } from './cases.ts';

export interface BlockOrigin extends AsyncDisposable {
  /** Base of a case: `/v1/…` comes behind it. */
  url(index: number): string;
  /** Requests that came for a case. */
  requests(index: number): number;
}

export async function serveCases(cases: readonly Case[]): Promise<BlockOrigin> {
  const seen = new Map<number, number>();
  const server = http.createServer((request, response) => {
    request.resume();
    const index = Number(request.url?.split('/')[1]);
    seen.set(index, (seen.get(index) ?? 0) + 1);
    const answer = cases[index];
    if (answer === undefined) response.writeHead(404).end();
    else response.writeHead(answer.status, [...answer.headers]).end(answer.body);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    url: (index) => `http://127.0.0.1:${port}/${index}`,
    requests: (index) => seen.get(index) ?? 0,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
