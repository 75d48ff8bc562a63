import fc from "fast-check";
import { expect, test } from "vitest";
import { backends, rig } from "../lifecycle/rig";
import { expectNoLeak, secretsOf } from "./leaks";
import { kindOf } from "./scene";
import { type Kind, troubles } from "./troubles";

/** Keys that are moved between accounts while requests go wrong, and servers that repeat what any account sent. */

const nowhere = { other: "http://127.0.0.1:1", speechless: "", selfSigned: "" };
const table = troubles(nowhere).filter(
  ({ fault, impatient, name }) => fault !== undefined && !impatient && !name.includes("100 MB"),
);
for (const trouble of table) Object.assign(trouble, { [fc.toStringMethod]: () => trouble.name });

const names = ["", "billing", "search"] as const;
const move = fc.record({
  account: fc.constantFrom(...names),
  name: fc.constantFrom("one", "two", undefined),
  ambush: fc.option(
    fc.record({
      kind: fc.constantFrom<Kind[]>("POST", "list", "PUT", "get", "DELETE"),
      nth: fc.constantFrom(1, 1, 2),
      trouble: fc.constantFrom(...table),
      times: fc.constantFrom(1, 2, Number.POSITIVE_INFINITY),
    }),
    { nil: undefined },
  ),
});

test("wherever a key is moved, and whatever goes wrong, it ends as one key in the declared account", {
  timeout: 120_000,
}, async () => {
  const history = fc.asyncProperty(
    fc.constantFrom(...backends),
    fc.array(move, { minLength: 1, maxLength: 8 }),
    async ([, personality], moves) => {
      const setup = await rig({ personality, accounts: [{}, {}, {}] });
      const { server } = setup;
      const owners = Object.fromEntries(names.map((name, i) => [name, server.accounts[i]?.userId]));
      const settings = server.accounts.map(({ token: accessToken, userId }) => ({ accessToken, userId }));
      setup.lifecycle = setup.provider({
        "cometapi:accounts": JSON.stringify({ billing: settings[1], search: settings[2] }),
      });
      // The other accounts are empty at times: then their list proves nothing by itself.
      const foreign = server.accounts
        .slice(0, 1)
        .map((account) => server.console.create({ name: "one" }, account));
      const others = new Set(foreign.map(({ id }) => id));
      const key = setup.resource();
      const said: string[] = [];
      const declared = (account: string, name: string | undefined) => ({ remainQuota: 5, account, name });
      for (const { account, name, ambush } of moves) {
        server.advance(5_000);
        const hung =
          ambush?.trouble.fault &&
          server.fault(
            { when: ({ method, pathname }) => kindOf(method, pathname) === ambush.kind, nth: ambush.nth },
            ambush.trouble.fault,
            { times: ambush.times },
          );
        await key.up(declared(account, name)).catch((error: Error) => said.push(error.message));
        hung?.remove();
      }
      const last = moves.at(-1);
      server.advance(5_000);
      await key.up(declared(last?.account ?? "", last?.name));
      expect(await key.up(declared(last?.account ?? "", last?.name))).toBe("same");

      // A key that may have been created is named by the error, and left to a person.
      const own = setup
        .living()
        .filter(({ id, name }) => !others.has(id) && !said.join().includes(`"${name}": d`));
      expect(
        own.map(({ id }) => String(id)),
        "one key",
      ).toEqual([key.id]);
      expect([key.live.user_id, key.state.key]).toEqual([owners[last?.account ?? ""], key.live.key]);
      expect(foreign.map(({ id }) => server.key(id))).toEqual(foreign);
      expectNoLeak([...said, ...setup.told], secretsOf(server));
      await server.close();
    },
  );
  await fc.assert(history, { numRuns: 60, seed: 20260101 });
});

test("no token and no key of any account is told by the server of another, in whatever it says", async () => {
  const setup = await rig({ accounts: [{}, {}, {}] });
  const { server } = setup;
  const [, billing, search] = server.accounts;
  setup.lifecycle = setup.provider({
    "cometapi:accounts": JSON.stringify({
      billing: { accessToken: billing?.token, userId: billing?.userId },
      search: { accessToken: search?.token, userId: search?.userId },
    }),
  });
  const keys = names.map((account) => ({ account, key: setup.resource(`of-${account}`) }));
  for (const { key, account } of keys) await key.up({ remainQuota: 5, account });
  const gossip = () => secretsOf(server).join(" ");
  const said: string[] = [];
  for (const { key, account } of keys) {
    for (const status of [200, 400, 503]) {
      const hung = server.fault(
        {},
        () => ({ status, headers: { "retry-after": "9" }, body: { success: false, message: gossip() } }),
        { times: Number.POSITIVE_INFINITY },
      );
      const work = [() => key.refresh(), () => key.up({ remainQuota: 6, account }), () => key.destroy()];
      for (const attempt of work)
        await expect(attempt().catch((error) => Promise.reject(note(error)))).rejects.toThrow();
      hung.remove();
    }
  }
  expect(said).toHaveLength(27);
  expectNoLeak([...said, ...setup.told], secretsOf(server));

  function note(error: Error): Error {
    said.push(error.message);
    return error;
  }
});
