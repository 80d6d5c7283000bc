/** Real handshakes: TLS servers on loopback, and the clients that people use, each telling what it thinks of a server. */

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { isIP } from 'node:net';
import * as tls from 'node:tls';
import { type Folder, runProgram, type TestLeaf } from './tools.ts';

/** One server that shows the certificate of one host. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

/** `accepted`, or the client's own words. */
export type Opinion = string;

export class TlsServers implements AsyncDisposable {
  readonly #servers: tls.Server[] = [];

  /** Listens on a free port of 127.0.0.1 with this certificate, whatever name is asked for. */
  async serve(host: string, { certPem, keyPem }: TestLeaf): Promise<Target> {
    const server = tls.createServer({ cert: certPem, key: keyPem }, (socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n'));
    });
    server.on('tlsClientError', () => {});
    this.#servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { host, port: (server.address() as AddressInfo).port };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
  }
}

/** What a client trusts: a file, and the environment that names it (in place of an argument) where one is given. */
export interface Trust {
  readonly caFile: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Null when the client is not installed. */
export type Client = (targets: readonly Target[], trust: Trust, folder: Folder) => Promise<Opinion[] | null>;

const NODE = `
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { connect } from 'node:tls';
const { targets, caFile } = JSON.parse(process.argv[1]);
const ca = caFile === undefined ? {} : { ca: readFileSync(caFile) };
const opinions = targets.map(({ host, port }) => new Promise((resolve) => {
  const name = isIP(host) ? { host } : { servername: host, host: '127.0.0.1' };
  const socket = connect({ ...name, port, ...ca }, () => { socket.destroy(); resolve('accepted'); });
  socket.on('error', (error) => resolve(error.code + ' ' + error.message));
}));
console.log(JSON.stringify(await Promise.all(opinions)));
`;

const PYTHON = `
import json, socket, ssl, sys
job = json.loads(sys.argv[1])
context = ssl.create_default_context(cafile=job.get("caFile"))
context.verify_flags |= ssl.VERIFY_X509_STRICT
opinions = []
for target in job["targets"]:
    try:
        with socket.create_connection(("127.0.0.1", target["port"])) as raw:
            with context.wrap_socket(raw, server_hostname=target["host"]):
                opinions.append("accepted")
    except ssl.SSLError as error:
        opinions.append(str(error))
print(json.dumps(opinions))
`;

const GO = `package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"os"
)

func main() {
	var job struct {
		CaFile  string
		Targets []struct {
			Host string
			Port int
		}
	}
	if err := json.Unmarshal([]byte(os.Args[1]), &job); err != nil {
		panic(err)
	}
	var roots *x509.CertPool
	if job.CaFile != "" {
		roots = x509.NewCertPool()
		pem, _ := os.ReadFile(job.CaFile)
		roots.AppendCertsFromPEM(pem)
	}
	opinions := []string{}
	for _, target := range job.Targets {
		connection, err := tls.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", target.Port), &tls.Config{RootCAs: roots, ServerName: target.Host})
		if err != nil {
			opinions = append(opinions, err.Error())
			continue
		}
		connection.Close()
		opinions = append(opinions, "accepted")
	}
	json.NewEncoder(os.Stdout).Encode(opinions)
}
`;

const JAVA = `
import java.net.Socket;
import javax.net.ssl.*;

public class Client {
  public static void main(String[] args) throws Exception {
    SSLSocketFactory factory = (SSLSocketFactory) SSLSocketFactory.getDefault();
    for (int i = 0; i < args.length; i += 2) {
      int port = Integer.parseInt(args[i + 1]);
      try (Socket raw = new Socket("127.0.0.1", port);
          SSLSocket socket = (SSLSocket) factory.createSocket(raw, args[i], port, true)) {
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        System.out.println("accepted");
      } catch (SSLException error) {
        System.out.println(error.getMessage().replace('\\n', ' '));
      }
    }
  }
}
`;

const job = (targets: readonly Target[], { caFile, env }: Trust) =>
  JSON.stringify(env === undefined ? { targets, caFile } : { targets });

async function opinionsOf(program: string, args: readonly string[], env: Trust['env'] = {}): Promise<Opinion[] | null> {
  const finished = await runProgram(program, args, { env });
  if (finished === null) return null;
  if (finished.code !== 0) throw new Error(`${program}: ${finished.stderr}`);
  return JSON.parse(finished.stdout) as Opinion[];
}

/** Go is often installed without being on the PATH. */
const GO_PROGRAMS = ['go', '/usr/local/go/bin/go'];

export const CLIENTS = {
  Node: (targets, trust) =>
    opinionsOf(process.execPath, ['--input-type=module', '-e', NODE, job(targets, trust)], trust.env),

  Python: (targets, trust) => opinionsOf('python3', ['-c', PYTHON, job(targets, trust)], trust.env),

  curl: async (targets, { caFile, env }) => {
    const opinions: Opinion[] = [];
    for (const { host, port } of targets) {
      const way = isIP(host) === 0 ? ['--resolve', `${host}:${port}:127.0.0.1`] : [];
      const ca = env === undefined ? ['--cacert', caFile] : [];
      const args = ['--silent', '--show-error', '--noproxy', '*', ...ca, ...way, `https://${host}:${port}/`];
      const finished = await runProgram('curl', args, { env: env ?? {} });
      if (finished === null) return null;
      opinions.push(finished.code === 0 ? 'accepted' : `exit ${finished.code} ${finished.stderr}`);
    }
    return opinions;
  },

  Go: async (targets, trust, folder) => {
    const source = await folder.write('client.go', GO);
    for (const go of GO_PROGRAMS) {
      const opinions = await opinionsOf(go, ['run', source, job(targets, trust)], { GO111MODULE: 'off', ...trust.env });
      if (opinions !== null) return opinions;
    }
    return null;
  },

  Java: async (targets, { caFile }, folder) => {
    const store = folder.file(`${targets[0]?.port}.jks`);
    const entry = ['-importcert', '-noprompt', '-alias', 'test', '-file', caFile];
    if ((await runProgram('keytool', [...entry, '-keystore', store, '-storepass', 'changeit'])) === null) return null;
    const source = await folder.write('Client.java', JAVA);
    const properties = [`-Djavax.net.ssl.trustStore=${store}`, '-Djavax.net.ssl.trustStorePassword=changeit'];
    const places = targets.flatMap(({ host, port }) => [host, String(port)]);
    const finished = await runProgram('java', [...properties, source, ...places]);
    return finished === null ? null : finished.stdout.trimEnd().split('\n');
  },
} satisfies Record<string, Client>;

export type ClientName = keyof typeof CLIENTS;
