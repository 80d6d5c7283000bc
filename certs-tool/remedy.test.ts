import { describe, expect, it } from 'vitest';
import { certsCommand, quoted } from './remedy.ts';
import { runProgram } from './testing/tools.ts';

describe('certsCommand', () => {
  it.each([
    [
      { certDir: 'certs', hosts: ['a.test'], configFile: 'config/judge-proxy.yaml' },
      'npm run certs -- intercept-ca --force',
    ],
    [
      { certDir: 'certs', hosts: [], configFile: 'my config.yaml' },
      "npm run certs -- intercept-ca --force --config 'my config.yaml'",
    ],
    [{ certDir: 'certs', hosts: ['a.test'] }, 'npm run certs -- intercept-ca --force --host a.test'],
    [{ certDir: '/x', hosts: ['*.a.test'] }, "npm run certs -- intercept-ca --force --dir /x --host '*.a.test'"],
  ])('%j → %s', (context, expected) => {
    expect(certsCommand('intercept-ca --force', context)).toBe(expected);
  });

  it('leaves hosts out where they do not matter', () => {
    expect(certsCommand('server --force', { certDir: 'd', hosts: ['a.test'] })).toBe(
      'npm run certs -- server --force --dir d',
    );
  });
});

it.each(["it's", '$HOME', '`id`', 'a b', '*', '', ';', '"'])('a shell reads %j back as it was', async (word) => {
  expect((await runProgram('sh', ['-c', `printf %s ${quoted(word)}`]))?.stdout).toBe(word);
});
