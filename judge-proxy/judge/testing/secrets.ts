/**
 * One made-up secret of every kind that a rule knows. Put together at run time, so that scanners of this repository
 * have nothing to find.
 */

const MIXED = 'aZ3kQ9xW7mB2vN5rT8yU1iO4pL6sD0fG';
const HEX = '3f9a1c7e5b2d8046';

/** `length` characters of an alphabet, in a fixed order without repeats of a period that looks like prose. */
function fill(length: number, alphabet: string = MIXED): string {
  return Array.from({ length }, (_, index) => alphabet[(index * 7 + (index >> 3)) % alphabet.length]).join('');
}

function join(...parts: readonly string[]): string {
  return parts.join('');
}

const UPPER = 'QYLPMN5HHFPZAM2KTRW7';
const LETTERS = 'aZkQxWmBvNrTyUiOpLsDfG';

export interface KnownSecret {
  readonly name: string;
  /** Text in which it stands. */
  readonly text: string;
  /** What must be nowhere afterwards. */
  readonly secret: string;
}

function whole(name: string, secret: string): KnownSecret {
  return { name, text: secret, secret };
}

function within(name: string, before: string, secret: string, after = ''): KnownSecret {
  return { name, text: join(before, secret, after), secret };
}

const PEM_BODY = Array.from({ length: 8 }, (_, line) => fill(64, `${MIXED}${line}`)).join('\n');

export const SECRETS: readonly KnownSecret[] = [
  whole('OpenAI project key', join('sk-', 'proj-', fill(74), 'T3Blbk', 'FJ', fill(74))),
  whole('OpenAI key without its mark', join('sk-', 'proj-', fill(48))),
  whole('OpenAI key, old form', join('sk-', fill(20), 'T3Blbk', 'FJ', fill(20))),
  whole('Anthropic key', join('sk-', 'ant-api03-', fill(93), 'AA')),
  whole('OpenRouter key', join('sk-', 'or-v1-', fill(64, HEX))),
  whole('AWS access key id', join('AKIA', fill(16, UPPER))),
  within('AWS secret access key', 'aws_secret_access_key = ', fill(40)),
  within('AWS secret, spaced', `AWS_SECRET_ACCESS_KEY   =${' '.repeat(30)}"`, fill(40), '"'),
  whole('Google API key', join('AIza', fill(35))),
  whole('Google OAuth token', join('ya29.', fill(60))),
  whole('Google client secret', join('GOCSPX-', fill(28))),
  whole('GitHub token', join('ghp_', fill(36))),
  whole('GitHub fine-grained token', join('github_pat_', fill(82))),
  whole('GitHub token, cut short', join('ghp_', fill(30))),
  whole('GitLab token', join('glpat-', fill(20))),
  whole('Slack token', join('xoxb-', fill(12, '1234567890'), '-', fill(12, '9876543210'), '-', fill(24))),
  whole(
    'Slack webhook',
    join('https://hooks.', 'slack.com/services/T', fill(9, UPPER), '/B', fill(9, UPPER), '/', fill(24)),
  ),
  whole('Stripe key', join('sk_', 'live_', fill(32))),
  whole('npm token', join('npm_', fill(36))),
  within('npm auth token', '//registry.example/:_authToken=', fill(36)),
  within('GitHub by x-oauth', 'https://', fill(40), ':x-oauth-basic@github.com/a/b'),
  whole('SendGrid key', join('SG.', fill(22), '.', fill(43))),
  whole('Shopify token', join('shpat_', fill(32, HEX))),
  whole('Groq key', join('gsk_', fill(52))),
  whole('Hugging Face token', join('hf_', fill(34, LETTERS))),
  whole('Linear key', join('lin_api_', fill(40))),
  whole('Notion token', join('ntn_', fill(11, '1234567890'), fill(35))),
  whole('Grafana service account token', join('glsa_', fill(32), '_', fill(8, HEX))),
  whole('Vault token', join('hvs.', fill(95))),
  whole('Vercel token', join('vcp_', fill(24))),
  whole('Databricks token', join('dapi', fill(32, HEX))),
  whole('Docker token', join('dckr_pat_', fill(27))),
  whole('Figma token', join('figd_', fill(40))),
  whole('Cloudflare token', join('cfut_', fill(40), fill(8, HEX))),
  whole('Tailscale key', join('tskey-', 'auth-', fill(12), '-', fill(32))),
  whole('JSON web token', join('eyJ', fill(33), '.eyJ', fill(60), '.', fill(43))),
  within('Bearer header', 'Authorization: Bearer ', fill(40)),
  within('Bearer header in JSON', '{"Authorization":"Bearer ', fill(24), '"}'),
  within('Basic header', 'authorization: Basic ', fill(28)),
  within('URL credentials', 'https://deploy:', fill(20), '@git.example.com/repo'),
  within('MongoDB URL', 'mongodb+srv://app:', fill(20), '@cluster0.example.net/db'),
  within('PostgreSQL URL', 'postgres://app:', fill(12), '@db.internal:5432/app'),
  within('generic key', 'api_key: "', fill(32), '"'),
  within('generic token in JSON', '{"accessToken": "', fill(32), '"}'),
  within('generic secret', 'CLIENT_SECRET=', fill(32)),
  within('password', 'DB_PASSWORD=', 'Tr0ub4dor&3x'),
  within('password in prose', 'The password is ', 'hunter2-9X', ', do not tell'),
  within('private key', '', join('-----BEGIN ', 'PRIVATE KEY-----\n', PEM_BODY, '\n-----END ', 'PRIVATE KEY-----')),
  within('RSA key without its end', '', join('-----BEGIN ', 'RSA PRIVATE KEY-----\n', PEM_BODY)),
  within(
    'private key in JSON',
    '{"private_key":"',
    join('-----BEGIN ', 'PRIVATE KEY-----\\n', PEM_BODY.replaceAll('\n', '\\n'), '\\n-----END ', 'PRIVATE KEY-----\\n'),
  ),
];
