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

export const PERMISSIONS_POLICY = 'camera=(), microphone=(), geolocation=(), payment=(), usb=()';
