/** Heads of the opening handshake (RFC 6455 §4), and what they say about the connection. */

import type { IncomingMessage } from 'node:http';
import { pathEndsWith } from '../apis/paths.ts';

/** A request that asks for a WebSocket and for nothing else. Others (`h2c`) are answered as if they had not asked. */
export function asksForWebSocket({ method, httpVersionMajor, httpVersionMinor, headers }: IncomingMessage): boolean {
  return (
    method === 'GET' &&
    httpVersionMajor === 1 &&
    httpVersionMinor === 1 &&
    headers.upgrade?.trim().toLowerCase() === 'websocket'
  );
}

/** Whether the path is one whose messages we read (`openai.responses_websocket`). */
export function speaksResponses(path: string): boolean {
  return pathEndsWith(path, '/responses');
}

/**
 * Headers of the request without the offer of extensions, for routes that hold messages back: frames of a compressed
 * stream depend on those before them, so that none could be withheld or added.
 */
export function withoutExtensions(headers: readonly string[]): string[] {
  const out: string[] = [];
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (name.toLowerCase() !== 'sec-websocket-extensions') out.push(name, headers[i + 1] ?? '');
  }
  return out;
}

/** The origin's 101, ready for the client. */
export interface SwitchingHead {
  readonly bytes: Buffer;
  /** Value of Sec-WebSocket-Extensions; null without. */
  readonly extensions: string | null;
  readonly requestId: string | null;
}

/** Of one connection only, and not needed to switch. */
const DROPPED = /^(?:keep-alive|proxy-.*|transfer-encoding|content-length|trailer|te|x-judge-.*)$/;
/** What may stand in a field value: RFC 9110 §5.5 with obs-text. */
const VALUE = /^[\t\u0020-\u007e\u0080-\u00ff]*$/;

/**
 * The head as one piece, so that it leaves in one write: a client refused one that came in several TLS records.
 * @param raw names and values in turn, as undici gives them
 * @returns null when the origin did not switch to WebSocket
 */
export function switchingHead(raw: readonly (Buffer | string)[]): SwitchingHead | null {
  let text = 'HTTP/1.1 101 Switching Protocols\r\n';
  let extensions: string | null = null;
  let requestId: string | null = null;
  let upgrade = '';
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = latin1(raw[i]);
    const value = latin1(raw[i + 1]);
    const lower = name.toLowerCase();
    if (DROPPED.test(lower) || !VALUE.test(value)) continue;
    if (lower === 'upgrade') upgrade = value.trim().toLowerCase();
    if (lower === 'sec-websocket-extensions') extensions = extensions === null ? value : `${extensions}, ${value}`;
    if (lower === 'x-request-id') requestId ??= value;
    text += `${name}: ${value}\r\n`;
  }
  if (upgrade !== 'websocket') return null;
  return { bytes: Buffer.from(`${text}\r\n`, 'latin1'), extensions, requestId };
}

function latin1(text: Buffer | string | undefined): string {
  return typeof text === 'string' ? text : (text?.toString('latin1') ?? '');
}
