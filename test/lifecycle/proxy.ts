import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";

/** What a proxy does with a CONNECT: the status it answers, or `"closes"`, or `"is silent"`. */
export type Behaviour = number | "closes" | "is silent";

export interface TestProxy {
  /** Such as `127.0.0.1:3128`. */
  host: string;
  /** What it was asked to connect to, with the `Proxy-Authorization` that came along. */
  asked: { target: string; authorization: string | undefined }[];
  /** What it does from now on. */
  behaviour: Behaviour;
  /** What it does first, once each. */
  first: Behaviour[];
  close(): Promise<void>;
}

/**
 * A real proxy. Whatever name it is asked for, its tunnel ends at `url`, where TLS is added, so that a server on
 * loopback can be reached under a public name.
 */
export async function startProxy(url: string): Promise<TestProxy> {
  const pem = readFileSync(join(__dirname, "../faults/self-signed.pem"));
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket.on("error", () => socket.destroy()));
    return socket;
  };
  const tls = createTlsServer({ key: pem, cert: pem }, (socket) => {
    const plain = connect(Number(new URL(url).port), "127.0.0.1");
    keep(socket).pipe(keep(plain)).pipe(socket);
  });
  tls.on("tlsClientError", () => undefined);
  const proxy = createServer((_, response) => response.writeHead(400).end("this proxy only knows CONNECT"));
  proxy.on("connect", ({ url: target = "", headers }, socket: Socket) => {
    asked.push({ target, authorization: headers["proxy-authorization"] });
    keep(socket);
    const behaviour = made.first.shift() ?? made.behaviour;
    if (behaviour === "is silent") return;
    if (behaviour === "closes") return void socket.destroy();
    if (behaviour !== 200) {
      const page = "<html><title>Squid says no</title></html>";
      socket.end(`HTTP/1.1 ${behaviour} No\r\nContent-Length: ${page.length}\r\n\r\n${page}`);
      return;
    }
    socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
    const tunnel = keep(connect((tls.address() as AddressInfo).port, "127.0.0.1"));
    socket.pipe(tunnel).pipe(socket);
  });
  const asked: TestProxy["asked"] = [];
  await Promise.all([tls, proxy].map((server) => once(server.listen(0, "127.0.0.1"), "listening")));
  const made: TestProxy = {
    host: `127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    asked,
    behaviour: 200,
    first: [],
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await Promise.all([tls, proxy].map(closed));
    },
  };
  return made;
}

async function closed(server: Server): Promise<void> {
  server.close();
  await once(server, "close");
}
