/** How clients are told to trust the interception CA: variables and commands to paste. */

import { quoted } from './remedy.ts';

export interface TrustAdvice {
  readonly client: 'Node' | 'Python' | 'curl' | 'Go' | 'Java' | 'git';
  /** Environment variables to set. */
  readonly variables: Readonly<Record<string, string>>;
  /** Commands to run once before, if any. */
  readonly commands: readonly string[];
  readonly note: string;
}

/**
 * @param bundlePath trust bundle: system roots and interception CA, for clients that replace their roots by one file
 * @param caPath interception CA alone, for clients that add it to their roots
 */
export function trustVariables(bundlePath: string, caPath: string): readonly TrustAdvice[] {
  const store = `${bundlePath.replace(/\.pem$/, '')}.jks`;
  return [
    {
      client: 'Node',
      variables: { NODE_EXTRA_CA_CERTS: caPath },
      commands: [],
      note: 'Read once at start. NODE_USE_SYSTEM_CA=1 does instead where the CA is installed in the system store.',
    },
    {
      client: 'Python',
      variables: { SSL_CERT_FILE: bundlePath, REQUESTS_CA_BUNDLE: bundlePath },
      commands: [],
      note: 'The first for ssl, httpx and the openai SDK, the second for requests.',
    },
    {
      client: 'curl',
      variables: { CURL_CA_BUNDLE: bundlePath },
      commands: [],
      note: 'Not read by the curl of Windows.',
    },
    {
      client: 'Go',
      variables: { SSL_CERT_FILE: bundlePath },
      commands: [],
      note: 'On Linux and BSD. On macOS and Windows install the CA in the system store.',
    },
    {
      client: 'Java',
      variables: {
        JAVA_TOOL_OPTIONS: `-Djavax.net.ssl.trustStore=${javaWord(store)} -Djavax.net.ssl.trustStorePassword=changeit`,
      },
      commands: [
        `cp "$JAVA_HOME/lib/security/cacerts" ${quoted(store)} && chmod u+w ${quoted(store)}`,
        `keytool -importcert -noprompt -alias judge-proxy -file ${quoted(caPath)} -keystore ${quoted(store)} -storepass changeit`,
      ],
      note: "A copy of Java's own roots with the CA added.",
    },
    { client: 'git', variables: { GIT_SSL_CAINFO: bundlePath }, commands: [], note: 'Or git config http.sslCAInfo.' },
  ];
}

/** The JVM splits JAVA_TOOL_OPTIONS at white space, and takes quotes. */
function javaWord(word: string): string {
  return /\s/.test(word) ? `"${word}"` : word;
}

/** The advice as lines for a POSIX shell. */
export function shellLines(advice: readonly TrustAdvice[]): string[] {
  return advice.flatMap(({ client, variables, commands, note }) => [
    `# ${client}. ${note}`,
    ...commands,
    ...Object.entries(variables).map(([name, value]) => `export ${name}=${quoted(value)}`),
  ]);
}
