/** Headers that keep a browser from doing what a page of ours never asks for. */

import type { FastifyHelmetOptions } from '@fastify/helmet';

/**
 * The policy of every answer. Scripts come from files of ours alone; the one exception for styles is the page's own nonce,
 * for what the console's libraries write into <style> elements.
 * @param styleNonce of this page
 */
export function contentSecurityPolicy(styleNonce?: string): string {
  const styles = styleNonce === undefined ? "'self'" : `'self' 'nonce-${styleNonce}'`;
  return [
    "default-src 'none'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "script-src 'self'",
    `style-src ${styles}`,
    "connect-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
  ].join('; ');
}

/** @param https whether browsers reach us by TLS: on plain HTTP they ignore Strict-Transport-Security (RFC 6797 §8.1) */
export function helmetOptions(https: boolean): FastifyHelmetOptions {
  return {
    contentSecurityPolicy: false, // ours, above: it differs by page
    strictTransportSecurity: https ? { maxAge: 31_536_000, includeSubDomains: false } : false,
    referrerPolicy: { policy: 'no-referrer' },
    crossOriginOpenerPolicy: { policy: 'same-origin' },
    crossOriginResourcePolicy: { policy: 'same-origin' },
    crossOriginEmbedderPolicy: { policy: 'require-corp' },
    xFrameOptions: { action: 'deny' },
  };
}

/** What helmet does not know of, or differs by answer; for an answer that no hook has seen, the rest of it, too. */
export function ownHeaders(requestId: string): Readonly<Record<string, string>> {
  return {
    'content-security-policy': contentSecurityPolicy(),
    'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=(), usb=()',
    'cache-control': 'no-store',
    'x-request-id': requestId,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
  };
}
