import { describe, expect, it } from 'vitest';
import { storedPath } from './stored-path.ts';

describe('storedPath', () => {
  it.each([
    ['/v1/chat/completions', '/v1/chat/completions'],
    ['/v1/chat/completions?key=secret', '/v1/chat/completions'],
    [
      '/openai/deployments/text-embedding-3-small/embeddings?api-version=2024',
      '/openai/deployments/text-embedding-3-small/embeddings',
    ],
    ['/v1/responses/resp_68a1b2c3d4e5f60718293a4b5c6d7e8f', '/v1/responses/resp_…'],
    ['/bot123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/sendMessage', '/bot12…/sendMessage'],
    ['/services/T00000000/B00000000/XXXXXXXXXXXX1XXXXXXXXXXXXX', '/services/T00000000/B00000000/XXXXX…'],
    ['*', '*'],
    ['', ''],
  ])('%s becomes %s', (path, expected) => {
    expect(storedPath(path)).toBe(expected);
  });

  it('is bounded', () => {
    expect(storedPath(`/${'a'.repeat(10_000)}`).length).toBe(257);
  });
});
