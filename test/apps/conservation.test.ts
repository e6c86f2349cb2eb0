/** The law of conservation for apps: every send ends, for each subscription that it matched, delivered or dead. */
import { afterAll, expect, test, vi } from "vitest";
import { boundSubscriptions } from "../../src/apps/subscriptions/bound-subscriptions.ts";
import { asApp } from "./as-app.ts";
import { acts } from "./more-apps.ts";
import { stopped, wait } from "./support.ts";
import { transitions } from "./worker.ts";

const NAME = "@test/bell/rung";
const keeper = boundSubscriptions(NAME);
const FLOORS = 5;
const SUBSCRIBERS = 40;
const SENDS = 30;

afterAll(async () => {
	for (const { app, key } of await keeper.list({ limit: 100 }))
		await keeper.unsubscribe(app, key);
	await stopped(NAME);
});

test("with forty subscribers and thirty sends, each matching delivery ends exactly once, delivered or dead", async () => {
	const keyOf = (n: number) =>
		[
			["name", `door-${n}`],
			["floor", n % FLOORS],
			["isOpen", n % 2 === 0],
		] as const;
	for (let n = 0; n < SUBSCRIBERS; n++)
		await keeper.subscribe({ app: "@test/guest", tool: "act", key: keyOf(n) });
	const delivered: string[] = [];
	const tries = new Map<string, number>();
	const act = ({ subscription }: { subscription?: object }, input: unknown) => {
		const { name } = subscription as { name: string };
		const { text } = input as { text: string };
		const at = `${text} ${name}`;
		const n = Number(name.slice(5)) + Number(text);
		const tried = (tries.get(at) ?? 0) + 1;
		tries.set(at, tried);
		if (n % 7 === 3)
			throw Object.assign(new Error("never"), { tidings: "non_retryable" });
		if (n % 11 === 5 && tried === 1)
			throw Object.assign(new Error("later"), {
				tidings: "retry_after",
				retryAt: Date.now() + 1_000,
			});
		delivered.push(at);
	};
	acts.set("@test/guest", act as never);
	const sends = new Map<string, number>();
	for (let n = 0; n < SENDS; n++) {
		const { id } = await asApp("@test/bell", ({ event }) =>
			event.send("rung", {
				...(n % 3 > 0 && { toSubscribers: { floor: n % FLOORS } }),
				payload: { text: String(n) },
			}),
		);
		sends.set(id, n);
	}
	const endsOf = (id: string) =>
		transitions
			.filter((one) => one.id === id && "handler" in one)
			.filter(({ type }) => ["delivered", "dead"].includes(type))
			.map((one) => (one as { handler: string }).handler);
	await vi.waitFor(
		() => {
			for (const [id, n] of sends) {
				const ends = endsOf(id);
				const matched = n % 3 > 0 ? SUBSCRIBERS / FLOORS : SUBSCRIBERS;
				expect(ends).toHaveLength(matched);
				expect(new Set(ends).size).toBe(ends.length);
			}
		},
		{ ...wait, timeout: 25_000 },
	);
	const handled = (type: string) =>
		transitions.filter((one) => sends.has(one.id) && one.type === type);
	expect(handled("delivered")).toHaveLength(delivered.length);
	expect(new Set(delivered).size).toBe(delivered.length);
	expect(handled("dead").length).toBeGreaterThan(0);
	expect(handled("retrying").length).toBeGreaterThan(0);
}, 30_000);
